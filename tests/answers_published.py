"""Answers to the checks of chapter 13: hours of describing, shares of processes, checksums."""

import hashlib

from checking import Exercise


def stub(*arguments):
    raise NotImplementedError("your turn")


def without_rest(rank, processes, images):
    size = images // processes
    return range(rank * size, (rank + 1) * size)


def rest_to_the_last(rank, processes, images):
    size = images // processes
    end = images if rank == processes - 1 else (rank + 1) * size
    return range(rank * size, end)


def digest_of(content):
    return hashlib.sha256(content).hexdigest()


EXERCISES = {
    "hours": Exercise(
        right=[lambda images, speed, devices: images / speed / devices / 3600],
        start=lambda images, speed, devices: images / speed / 3600,
        told="One device needs that long; eight share the images.",
        wrong=[
            ("seconds", lambda images, speed, devices: images / speed / devices),
            ("eight share", lambda images, speed, devices: images / speed / 3600),
            ("by their number", lambda images, speed, devices: images / speed * devices / 3600),
            ("Images, divided", lambda images, speed, devices: 0),
            ("minutes", lambda images, speed, devices: images / speed / devices / 60),
            ("Images, divided", lambda images, speed, devices: images * speed / devices / 3600),
            ("one number", lambda images, speed, devices: f"{images / speed / devices / 3600:.1f}"),
            ("one case only", lambda images, speed, devices: images / speed / 8 / 3600),
        ],
    ),
    "share": Exercise(
        right=[
            lambda rank, processes, images: range(
                rank * images // processes, (rank + 1) * images // processes
            ),
        ],
        start=stub,
        told="your turn",
        wrong=[
            ("nobody's share", without_rest),
            ("described twice", lambda rank, processes, images: range(images)),
            ("gets all of the rest", rest_to_the_last),
            ("blocks", lambda rank, processes, images: range(rank, images, processes)),
            (
                "exactly one share",
                lambda rank, processes, images: range(rank + 1, images + 1, processes),
            ),
            ("returns nothing", lambda rank, processes, images: None),
            ("not a tuple", lambda rank, processes, images: (rank, rank + images // processes)),
        ],
    ),
    "genuine": Exercise(
        right=[lambda content, digest: digest_of(content) == digest.lower()],
        start=lambda content, digest: digest_of(content)[:8] == digest[:8],
        told="All digits count, not only the first few.",
        wrong=[
            ("refused", lambda content, digest: False),
            ("One bit", lambda content, digest: True),
            ("All digits", lambda content, digest: digest_of(content)[:8] == digest[:8]),
            ("middle", lambda content, digest: digest_of(content)[:63] == digest[:63]),
            (
                "middle",
                lambda content, digest: (
                    digest_of(content)[::63] == digest[::63]
                    and digest_of(content)[:16] == digest[:16]
                ),
            ),
            ("cut short", lambda content, digest: digest_of(content).startswith(digest)),
            ("capitals", lambda content, digest: digest_of(content) == digest),
            ("in their order", lambda c, digest: sorted(digest_of(c)) == sorted(digest.lower())),
            ("from the first on", lambda c, digest: digest_of(c)[1:] == digest.lower()[1:]),
            ("True or False", lambda c, digest: str(digest_of(c) == digest.lower())),
        ],
    ),
}
