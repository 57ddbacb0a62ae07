"""The labels of a ground truth: what they count as under each protocol, and whether they fit.

Book: chapter 9 (the revisited protocol).
"""

from collections import Counter

# protocol -> (labels that count as positive, labels that are ignored)
Labels = tuple[tuple[str, ...], tuple[str, ...]]
PROTOCOLS: dict[str, Labels] = {
    "easy": (("easy",), ("junk", "hard")),
    "medium": (("easy", "hard"), ("junk",)),
    "hard": (("hard",), ("junk", "easy")),
}
ORIGINAL: dict[str, Labels] = {"original": (("ok",), ("junk",))}


def split_labels(truth: dict, protocol: Labels) -> tuple[list[int], list[int]]:
    """Return a query's positive images and its ignored images under a protocol.

    Args:
        truth: a query's entry of the ground truth: label -> indices of images.
        protocol: (labels that count as positive, labels that are ignored).

    Example:
        >>> split_labels(dict(easy=[4], hard=[7], junk=[2]), PROTOCOLS["hard"])
        ([7], [2, 4])
    """
    positive_labels, ignored_labels = protocol
    positive = [int(image) for label in positive_labels for image in truth[label]]
    ignored = [int(image) for label in ignored_labels for image in truth[label]]
    return positive, ignored


def labels_of(protocols: dict[str, Labels]) -> list[str]:
    """Return all labels that some protocols know, in alphabetical order."""
    return sorted({label for sides in protocols.values() for side in sides for label in side})


def check_labels(
    ground_truth: list[dict], queries: int, images: float
) -> tuple[dict[str, Labels], list[dict]]:
    """Return the protocols that fit the ground truth, and its labels as lists of unlike images.

    Raises:
        ValueError: sizes that do not fit, or an image with two labels of one query.
    """
    if len(ground_truth) != queries:
        raise ValueError(
            f"{len(ground_truth)} ground-truth entries for {queries} query descriptors"
        )
    protocols = ORIGINAL if ground_truth and "ok" in ground_truth[0] else PROTOCOLS
    # does each query have all labels of its protocols, and are they of images that there are?
    labels = labels_of(protocols)
    checked = []
    for i, truth in enumerate(ground_truth):
        if not truth.keys() >= set(labels):
            raise ValueError(
                f"ground-truth entry {i} has {sorted(truth)}; expected {', '.join(labels)}"
            )
        indices = [int(image) for label in labels for image in truth[label]]
        outside = [image for image in indices if not 0 <= image < images]
        if outside:
            raise ValueError(
                f"the ground truth names image {outside[0]}; the database has {images} descriptors"
            )
        # labels are sets, whatever they arrive as: an image is in one of them, once
        sets = {
            label: list(dict.fromkeys(int(image) for image in truth[label])) for label in labels
        }
        count_of = Counter(image for unlike in sets.values() for image in unlike)
        image, count = max(count_of.items(), key=lambda item: item[1], default=(None, 0))
        if count > 1:
            both = " and ".join(label for label in labels if image in sets[label])
            raise ValueError(
                f"ground-truth entry {i} has image {image} under {both}; expected one label each"
            )
        checked.append(sets)
    return protocols, checked
