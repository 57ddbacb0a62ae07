"""A ranked list whose images a hand can move, and what average precision says of it.

Book: chapter 9 (the revisited protocol).
"""

import io
from collections.abc import Sequence

import numpy as np
import traitlets as t
from PIL import Image

from ..files import in_one_line
from ..images import prepare
from ..search.labels import PROTOCOLS
from ..search.protocol import average_precision, precision_at
from .live import STYLE, LiveFigure, module_of
from .stills import list_still
from .traits import Choice, Number

LABELS = ("easy", "hard", "junk", "other")
THUMBNAIL = 168  # pixels of the longer side: twice what is shown
MOST = 40  # images of a list


class RankedList(LiveFigure):
    """A ranked list, best first: move its images, choose the protocol, and read AP and P@k.

    Only the images of the list are counted, as if the database held no others. All attributes work
    in both directions.

    Source: Radenovic et al., 2018, the revisited protocol.

    Args:
        labels: for each image 'easy', 'hard', 'junk' or 'other' (a negative).
        images: for each image a path, a PIL image, an array or a tensor; without them coloured
            tiles are shown.
        state: the attributes below, by name.

    Attributes:
        order: the images' numbers, best first.
        protocol: 'easy', 'medium' or 'hard'.
        k: the depth of P@k.

    Raises:
        ValueError: no images, more than 40, an unknown label, or images that are not as many.
        TraitError: an order that is not all numbers, each once.

    Example:
        >>> ranked = RankedList(["easy", "junk", "other", "hard"], protocol="medium")
        >>> ranked.ranks, round(ranked.ap, 3)
        ([0, 2], 0.792)
        >>> ranked.order = [0, 1, 3, 2]  # the hard image moves up
        >>> ranked.ranks, ranked.ap
        ([0, 1], 1.0)
    """

    STATE = ("k", "order", "protocol")
    PAGE_WORDS = (
        "Move the images of this ranked list, and choose the protocol: what is right, what is "
        "ignored, and what the list is worth?"
    )

    _esm = module_of("ranking")
    _css = STYLE

    # shipped once
    labels = t.List(t.Unicode()).tag(sync=True)
    thumbnails = t.List(t.Bytes()).tag(sync=True)  # JPEG files; empty for coloured tiles
    protocols = t.Dict().tag(sync=True)  # protocol -> [labels of positives, labels ignored]

    # the state
    order = t.List(t.Int()).tag(sync=True)
    protocol = Choice(tuple(PROTOCOLS), "medium").tag(sync=True)
    k = Number(5).tag(sync=True)

    def __init__(self, labels: Sequence[str], images: Sequence | None = None, **state):
        labels = list(labels)
        _check_list(labels, images)
        thumbnails = [] if images is None else [_thumbnail(image) for image in images]
        state.setdefault("order", list(range(len(labels))))
        super().__init__(
            labels=labels,
            thumbnails=thumbnails,
            protocols={name: list(map(list, sides)) for name, sides in PROTOCOLS.items()},
            **state,
        )
        self.remember()

    @classmethod
    def of_query(cls, benchmark, ranking, query: int, length: int = 12, **state) -> "RankedList":
        """Show the first images of a query's list.

        Args:
            benchmark: a `Benchmark`, with images and ground truth.
            ranking: (N,) numbers of database images, best first.
            query: number of the query.
            length: how many images.
            state: attributes by name.
        """
        truth = benchmark.ground_truth[query]
        chosen = [int(image) for image in ranking[:length]]
        labels = []
        for image in chosen:
            known = [label for label in LABELS[:-1] if image in truth[label]]
            labels.append(known[0] if known else "other")
        return cls(labels, [benchmark.images[image] for image in chosen], **state)

    @t.validate("order")
    def _validate_order(self, proposal):
        """Accept all numbers, each once."""
        count = len(self.labels)
        if sorted(proposal.value) != list(range(count)):
            given = in_one_line(proposal.value)
            raise t.TraitError(f"order = {given}: expected the numbers 0 to {count - 1}, each once")
        return proposal.value

    @t.validate("k")
    def _validate_depth(self, proposal):
        """Accept one image or more."""
        if proposal.value < 1:
            raise t.TraitError(f"k = {proposal.value}: expected a depth of 1 or more")
        return proposal.value

    @property
    def ranks(self) -> list[int]:
        """Zero-based ranks of the right images, after the ignored ones are taken out."""
        positive, ignored = PROTOCOLS[self.protocol]
        counted = [self.labels[image] for image in self.order]
        counted = [label for label in counted if label not in ignored]
        return [rank for rank, label in enumerate(counted) if label in positive]

    @property
    def ap(self) -> float:
        """Average precision, between 0 and 1; nan without a right image."""
        return average_precision(self.ranks) if self.ranks else float("nan")

    @property
    def precision(self) -> float:
        """P@k as the protocol has it, capped at the last right image; nan without one."""
        return precision_at(self.ranks, self.k) if self.ranks else float("nan")

    def preview(self) -> Image.Image:
        """Draw a still image of what is shown: for print, and where nothing can run."""
        labels = [self.labels[image] for image in self.order]
        pictures = None
        if self.thumbnails:
            files = [io.BytesIO(self.thumbnails[image]) for image in self.order]
            pictures = [np.asarray(Image.open(file)) for file in files]
        return list_still(labels, PROTOCOLS[self.protocol], pictures, self._told())

    def _told(self) -> str:
        """Return protocol and numbers in a line."""
        if not self.ranks:
            return f"{self.protocol}: no right image, so the query does not count"
        numbers = f"AP {100 * self.ap:.1f}, P@{self.k} {100 * self.precision:.1f}"
        return f"{self.protocol}: {numbers} (percent)"

    def alternative(self) -> str:
        """Return in words what is shown: for those who do not see it."""
        labels = ", ".join(self.labels[image] for image in self.order)
        return f"A ranked list, best first: {labels}. {self._told()}."

    def __repr__(self) -> str:
        return f"RankedList({len(self.labels)} images; {self._told()})"


def _check_list(labels: list[str], images: Sequence | None) -> None:
    """Refuse what is no list of images with labels."""
    if not 1 <= len(labels) <= MOST:
        raise ValueError(f"{len(labels)} images: expected 1 to {MOST}")
    unknown = [label for label in labels if label not in LABELS]
    if unknown:
        listed = ", ".join(map(repr, LABELS))
        raise ValueError(f"label {in_one_line(repr(unknown[0]))}: expected one of {listed}")
    if images is not None and len(images) != len(labels):
        raise ValueError(f"{len(images)} images for {len(labels)} labels: expected one for each")


def _thumbnail(image) -> bytes:
    """Return an image as a small JPEG file."""
    file = io.BytesIO()
    prepare(image, None, THUMBNAIL).save(file, "JPEG", quality=80)
    return file.getvalue()
