"""The matches of two photographs at every threshold: a slider, the lines, and how many are right.

Book: chapter 12 (matching two photographs).
"""

from collections.abc import Callable

import numpy as np
import torch
import traitlets as t
from PIL import Image

from ..images import read_image
from .live import STYLE, LiveFigure, module_of
from .shipping import jpeg_of
from .stills import match_still
from .traits import Choice, Flag, Within

RATIO = "ratio"
DISTANCE = "distance"
FAR = 1e9  # the distance of a second neighbour where there is none: every ratio is passed


class MatchSlider(LiveFigure):
    """Two photographs and their matches: move the threshold, and read how many are right.

    All attributes work in both directions.

    Source: the ratio test of Lowe, 2004.

    Args:
        a: the first photograph: a path, a PIL image, an array or a tensor.
        b: the second photograph.
        first: `LocalFeatures` of the first one: keypoints (N, 4), descriptors (N, D) of unit
            length.
        second: `LocalFeatures` of the second one.
        judge: function of places (M, 2) and (M, 2) in both photographs that gives (M,) bool: which
            pairs show one point. Without it nothing is called right or wrong.
        state: the attributes below, by name.

    Attributes:
        test: 'ratio', of the distances to the nearest and the second nearest descriptor; or
            'distance', to the nearest one.
        ratio: the largest ratio, 0 to 1.
        distance: the largest distance, 0 to 2.
        mutual: whether both descriptors must be each other's nearest.

    Raises:
        ValueError: a photograph without keypoints.
        TraitError: a threshold outside of its bounds.

    Example:
        >>> from solar.local import LocalFeatures
        >>> keypoints = np.array([[8, 8, 4, 0], [24, 8, 4, 0]], np.float32)
        >>> features = LocalFeatures(keypoints, np.eye(2, dtype=np.float32))
        >>> image = Image.new("RGB", (32, 16))
        >>> slider = MatchSlider(image, image, features, features, judge=lambda p, q: p[:, 0] < 10)
        >>> slider.counts
        {'matches': 2, 'right': 1, 'wrong': 1}
    """

    STATE = ("distance", "mutual", "ratio", "test")
    PAGE_WORDS = (
        "Move the threshold: which matches of the two photographs stay, and how many of them are "
        "right?"
    )

    _esm = module_of("matches")
    _css = STYLE

    # shipped once
    jpegs = t.List(t.Bytes()).tag(sync=True)  # both photographs
    sizes = t.List().tag(sync=True)  # height and width of each, in pixels
    # for each keypoint of the first photograph and its nearest in the second: x, y, x, y, the
    # distances to the nearest and the second nearest, whether it is mutual, whether it is right
    candidates = t.List().tag(sync=True)
    judged = t.Bool().tag(sync=True)

    # the state
    test = Choice((RATIO, DISTANCE), RATIO).tag(sync=True)
    ratio = Within(0.8, 0, 1).tag(sync=True)
    distance = Within(1.0, 0, 2).tag(sync=True)
    mutual = Flag(True).tag(sync=True)

    def __init__(self, a, b, first, second, judge: Callable | None = None, **state):
        for name, features in (("first", first), ("second", second)):
            if len(features.keypoints) == 0:
                raise ValueError(f"the {name} photograph: no keypoints; expected one or more")
        self.images = [read_image(a), read_image(b)]

        # every keypoint of the first photograph with its nearest in the second
        nearest, distances, returned = nearest_pairs(first.descriptors, second.descriptors)
        here = np.asarray(first.keypoints)[:, :2]  # (N, 2)
        there = np.asarray(second.keypoints)[nearest, :2]  # (N, 2)
        right = np.zeros(len(here), bool) if judge is None else np.asarray(judge(here, there))
        self.nearest = nearest
        columns = [here, there, distances, returned, right]
        rows = np.column_stack([np.asarray(column, float) for column in columns])  # (N, 8)

        super().__init__(
            jpegs=[jpeg_of(image) for image in self.images],
            sizes=[[image.height, image.width] for image in self.images],
            candidates=rows.tolist(),
            judged=judge is not None,
            **state,
        )
        self.remember()

    @property
    def kept(self) -> np.ndarray:
        """Numbers (M,) of the keypoints of the first photograph whose matches pass the tests."""
        rows = np.array(self.candidates)  # (N, 8)
        near = rows[:, 4]
        limit = self.ratio * rows[:, 5] if self.test == RATIO else self.distance
        passed = near < limit
        if self.mutual:
            passed = passed & (rows[:, 6] > 0)
        return np.flatnonzero(passed)

    @property
    def matches(self) -> np.ndarray:
        """Numbers (M, 2) of keypoints, in both photographs."""
        return np.stack([self.kept, self.nearest[self.kept]], 1)

    @property
    def counts(self) -> dict[str, int]:
        """How many matches there are, how many right, how many wrong."""
        kept = self.kept
        right = int(np.array(self.candidates)[kept, 7].sum())
        return {"matches": len(kept), "right": right, "wrong": len(kept) - right}

    def preview(self) -> Image.Image:
        """Draw a still image of what is shown: for print, and where nothing can run."""
        rows = np.array(self.candidates)[self.kept]
        right = rows[:, 7] > 0 if self.judged else None
        return match_still(self.images, rows[:, 0:2], rows[:, 2:4], right, self._told())

    def _told(self) -> str:
        """Return the test and the counts in a line."""
        counts = self.counts
        limit = getattr(self, self.test)
        words = f"{self.test} below {limit:.2f}: {counts['matches']} matches"
        if self.judged:
            words += f", {counts['right']} right, {counts['wrong']} wrong"
        return words

    def alternative(self) -> str:
        """Return in words what is shown: for those who do not see it."""
        return f"Two photographs side by side, joined by lines between matches. {self._told()}."

    def __repr__(self) -> str:
        return f"MatchSlider({self._told()})"


def nearest_pairs(
    a: np.ndarray | torch.Tensor, b: np.ndarray | torch.Tensor
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find for each descriptor its nearest in another image, before any test.

    Args:
        a: (N, D) descriptors of one image, rows of unit length.
        b: (N', D) descriptors of the other one.

    Returns:
        Numbers (N,) of rows of `b`; distances (N, 2) to the nearest and the second nearest; and
        whether the nearest row has the row of `a` as its own nearest, (N,) bool.

    Example:
        >>> a = np.eye(3, dtype=np.float32)
        >>> numbers, distances, returned = nearest_pairs(a, a[[2, 0]])
        >>> numbers.tolist(), returned.tolist()
        ([1, 0, 0], [True, False, True])
    """
    similar = torch.as_tensor(a) @ torch.as_tensor(b).T  # (N, N')
    top = similar.topk(min(2, similar.shape[1]), 1)
    distances = np.full((len(similar), 2), FAR)
    distances[:, : top.values.shape[1]] = (2 - 2 * top.values.double()).clamp(min=0).sqrt()

    # from a to b and back
    nearest = top.indices[:, 0]
    returned = similar.max(0).indices[nearest] == torch.arange(len(similar))
    return nearest.numpy(), distances, returned.numpy()
