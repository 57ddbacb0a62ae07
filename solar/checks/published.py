"""Checks of the exercises on hours, shares and checksums.

Book: chapter 13 (the published models).
"""

import hashlib
from collections.abc import Callable

import numpy as np

from .basics import judge


def why_wrong_hours(function: Callable) -> str | None:
    """Return the first reason why `function` is not the time of describing, or None."""
    answer = function(1_001_001, 9.25, 8)
    right = 1_001_001 / 9.25 / 8 / 3600
    if np.shape(answer) != () or isinstance(answer, str):
        return "Return one number, the hours."

    if abs(answer - 3600 * right) < 1:
        return "These are seconds: divide by 3600."
    if abs(answer - 8 * right) < 0.1:
        return "One device needs that long; eight share the images."
    if abs(answer - 64 * right) < 1:
        return "More devices, fewer hours: divide by their number."
    if abs(answer - 60 * right) < 1:
        return "These are minutes: an hour has 3600 seconds."
    if not abs(answer - right) < 1e-3:
        return "Images, divided by images per second, by devices, by 3600."
    if not abs(function(36_000, 5.0, 2) - 1) < 1e-3:
        return "Right for one case only: 36,000 images at 5 per second on 2 devices take an hour."
    return None


def hours(function: Callable) -> None:
    """Check the exercise on the time of describing and print a verdict.

    Args:
        function: `function(images, images_per_second, devices)` gives the hours that so many
            devices need together, each at that speed.

    Example:
        >>> hours(lambda images, images_per_second, devices: images / images_per_second / devices)
        hours: not yet. These are seconds: divide by 3600.
    """
    judge("hours", why_wrong_hours, function)


def why_wrong_share(function: Callable) -> str | None:
    """Return the first reason why `function` does not share images fairly, or None."""
    # ask for the share of every process, for four numbers of images and of processes
    sizes = [(10, 3), (100, 8), (5, 8), (7, 1)]
    shares = []
    for images, processes in sizes:
        parts = [function(rank, processes, images) for rank in range(processes)]
        if any(isinstance(part, tuple) for part in parts):
            return "Return range(start, end), not a tuple."
        # a set has no order of its own
        shares.append([sorted(p) if isinstance(p, set) else list(p) for p in parts])

    # all images that the processes describe together, repetitions included
    described = [sorted(image for part in parts for image in part) for parts in shares]

    if any(len(images) > len(set(images)) for images in described):
        return "Some images are described twice: shares must not overlap."
    if any(len(images) < total for images, (total, _) in zip(described, sizes)):
        return (
            "Some images are in nobody's share: try 10 images and 3 processes, where the division "
            "leaves a rest."
        )
    if any(max(map(len, parts)) - min(map(len, parts)) > 1 for parts in shares):
        return (
            "One process gets all of the rest and the others wait for it: sizes should differ by "
            "one at most."
        )
    if any(images != list(range(total)) for images, (total, _) in zip(described, sizes)):
        return "Every image in exactly one share; range() takes a start, an end and a step."
    if any(
        part != list(range(min(part), max(part) + 1)) for parts in shares for part in parts if part
    ):
        return "These are every n-th image; the exercise asks for blocks of neighbours."
    return None


def share(function: Callable) -> None:
    """Check the exercise on the share of one process and print a verdict.

    Args:
        function: `function(rank, processes, images)` gives the range of the numbers of the images
            that process `rank` describes, of so many processes and images.

    Example:
        >>> share(lambda rank, processes, images: range(images))
        share: not yet. Some images are described twice: shares must not overlap.
    """
    judge("share", why_wrong_share, function)


def why_wrong_genuine(function: Callable) -> str | None:
    """Return the first reason why `function` does not verify a checksum, or None."""
    content = b"weights of a network"
    digest = hashlib.sha256(content).hexdigest()

    # other bytes, with one bit flipped, and a digest that agrees in its first eight digits only
    forged = bytes([content[0] ^ 1]) + content[1:]
    half_right = digest[:8] + hashlib.sha256(forged).hexdigest()[8:]

    # digests that agree in all digits but the last, and at both ends but not between
    last = "1" if digest[-1] == "0" else "0"
    middle = hashlib.sha256(forged).hexdigest()[16:48]
    nearly_right = [digest[:-1] + last, digest[:16] + middle + digest[48:]]

    # all the same digits in another order, and another first digit
    first = "1" if digest[0] == "0" else "0"
    reordered = [digest[::-1], first + digest[1:]]

    if not isinstance(function(content, digest), (bool, np.bool_)):
        return "Return True or False, the answer of a comparison."
    if not function(content, digest):
        return "The genuine bytes are refused. What does hexdigest() give?"
    if function(forged, digest):
        return "One bit was flipped, and it passed. Is anything compared at all?"
    if function(content, half_right):
        return "All digits count, not only the first few."
    if any(function(content, other) for other in nearly_right):
        return "All digits count, those in the middle and the last one too."
    if any(function(content, other) for other in reordered):
        return "All digits count, in their order and from the first on."
    if function(content, digest[:32]) or function(content, ""):
        return "A digest that is cut short or empty passes: both must have the same length."
    if not function(content, digest.upper()):
        return "Hexadecimal digits in capitals are the same digits."
    return None


def genuine(function: Callable) -> None:
    """Check the exercise on checksums and print a verdict.

    Args:
        function: `function(content, digest)` tells whether bytes have this SHA-256, given as 64
            hexadecimal digits.

    Example:
        >>> genuine(lambda content, digest: True)
        genuine: not yet. One bit was flipped, and it passed. Is anything compared at all?
    """
    judge("genuine", why_wrong_genuine, function)
