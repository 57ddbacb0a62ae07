"""Checks of the chapter on the published models: hours, shares, checksums."""

import hashlib

from .basics import judge


def hours(function) -> None:
    """Check `function(images, images_per_second, devices)`: hours of describing. Prints a verdict."""
    found, right = function(1_001_001, 9.25, 8), 1_001_001 / 9.25 / 8 / 3600
    hints = [
        (lambda: abs(found - 3600 * right) < 1, "These are seconds: divide by 3600."),
        (
            lambda: abs(found - 8 * right) < 0.1,
            "One device needs that long; eight share the images.",
        ),
        (lambda: abs(found - 64 * right) < 1, "More devices, fewer hours: divide by their number."),
    ]
    judge(
        "hours",
        abs(found - right) < 1e-3,
        hints,
        "Images, divided by images a second, by devices, by 3600.",
    )


def share(function) -> None:
    """Check `function(rank, processes, images)`: a range of the images that are a process's own.
    Prints a verdict.
    """
    sizes = ((10, 3), (100, 8), (5, 8), (7, 1))
    every = [[list(function(rank, n, total)) for rank in range(n)] for total, n in sizes]
    flat = [sorted(image for part in parts for image in part) for parts in every]
    hints = [
        (
            lambda: any(len(f) > len(set(f)) for f in flat),
            "Some images are described twice: shares must not overlap.",
        ),
        (
            lambda: any(len(f) < total for f, (total, _) in zip(flat, sizes)),
            "Some images are in nobody's share: try 10 images and 3 processes, where the division leaves a rest.",
        ),
        (
            lambda: any(max(map(len, parts)) - min(map(len, parts)) > 1 for parts in every),
            "One process gets all of the rest and the others wait for it: sizes should differ by one at most.",
        ),
    ]
    right = all(f == list(range(total)) for f, (total, _) in zip(flat, sizes))
    fair = all(max(map(len, parts)) - min(map(len, parts)) <= 1 for parts in every)
    judge(
        "share",
        right and fair,
        hints,
        "Every image in exactly one share; range() takes a start, an end and a step.",
    )


def genuine(function) -> None:
    """Check `function(content, digest)`: whether bytes have this SHA-256, 64 hexadecimal digits.
    Prints a verdict.
    """
    content = b"weights of a network"
    digest = hashlib.sha256(content).hexdigest()
    forged = bytes([content[0] ^ 1]) + content[1:]
    hints = [
        (
            lambda: not function(content, digest),
            "The genuine bytes are refused. What does hexdigest() give?",
        ),
        (
            lambda: function(forged, digest),
            "One bit was flipped, and it passed. Is anything compared at all?",
        ),
        (
            lambda: function(content, digest[:8] + hashlib.sha256(forged).hexdigest()[8:]),
            "All digits count, not only the first few.",
        ),
        (
            lambda: not function(content, digest.upper()),
            "Hexadecimal digits in capitals are the same digits.",
        ),
    ]
    right = not any(test() for test, _ in hints)
    judge(
        "genuine",
        right,
        hints,
        "Compare hashlib.sha256(content).hexdigest() with the digest in small letters.",
    )
