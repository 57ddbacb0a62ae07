"""Three points on a circle that a hand can drag: two losses, and where descent pushes each point.

Book: chapter 5 (losses: from triplets to second-order similarity).
"""

import math

import torch
from PIL import Image

from ..training.losses import second_order_loss, squared_distance, triplet_loss
from .live import STYLE, LiveFigure, module_of
from .stills import circle_still
from .traits import Flag, Within

TRIPLET = "triplet"
SECOND = "second order"
POINTS = ("q", "p", "n")
PAIRS = ("qp", "qn", "pn")


class LossCircle(LiveFigure):
    """A query, a positive and a negative on the unit circle: drag them, and read both losses.

    An arrow is the direction of descent, along the circle. All attributes work in both directions.

    Source: SOLAR, section 3.3.

    Args:
        q: angle of the query in degrees, counted from the right, against the clock.
        p: angle of the positive.
        n: angle of the negative.
        margin: of the triplet loss, in units of a squared distance.
        state: the attributes below, by name.

    Attributes:
        show_triplet: whether the pushes of the triplet loss are drawn.
        show_second: whether the pushes of the second-order loss are drawn.

    Raises:
        TraitError: an angle outside of -360 to 360, or a margin outside of 0 to 4.

    Example:
        >>> circle = LossCircle(q=0, p=90, n=180)
        >>> circle.losses
        {'triplet': 0.0, 'second order': 2.0}
        >>> circle.p = 180
        >>> circle.losses["triplet"]
        1.25
    """

    STATE = ("margin", "n", "p", "q", "show_second", "show_triplet")
    PAGE_WORDS = (
        "Drag the query q, the positive p and the negative n on the circle. An arrow shows where "
        "one step of descent would push a point."
    )

    _esm = module_of("circle")
    _css = STYLE

    q = Within(90.0, -360, 360, "degrees").tag(sync=True)
    p = Within(130.0, -360, 360, "degrees").tag(sync=True)
    n = Within(0.0, -360, 360, "degrees").tag(sync=True)
    margin = Within(1.25, 0, 4, "squared distance").tag(sync=True)
    show_triplet = Flag(True).tag(sync=True)
    show_second = Flag(True).tag(sync=True)

    def __init__(self, q=90.0, p=130.0, n=0.0, margin: float = 1.25, **state):
        super().__init__(q=q, p=p, n=n, margin=margin, **state)
        self.remember()

    @property
    def points(self) -> dict[str, torch.Tensor]:
        """The points by name, each (2,), float64."""
        points = {}
        for name in POINTS:
            angle = math.radians(getattr(self, name))
            points[name] = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
        return points

    @property
    def distances(self) -> dict[str, float]:
        """Squared distances of each two points: 'qp', 'qn', 'pn'."""
        at = self.points
        return {pair: squared_distance(at[pair[0]], at[pair[1]]).item() for pair in PAIRS}

    @property
    def losses(self) -> dict[str, float]:
        """The triplet loss and the second-order loss of this tuple."""
        return {name: loss.item() for name, loss in self._losses(self.points).items()}

    @property
    def pushes(self) -> dict[str, dict[str, float]]:
        """How each loss pushes each point: the negative gradient along the circle.

        Positive is against the clock; in units of the loss for a radian.
        """
        pushes = {}
        for name in (TRIPLET, SECOND):
            points = {each: at.requires_grad_() for each, at in self.points.items()}
            gradients = torch.autograd.grad(self._losses(points)[name], list(points.values()))

            # along the circle: (x, y) turned by a quarter
            pushes[name] = {}
            for each, at, gradient in zip(POINTS, points.values(), gradients):
                x, y = at.tolist()
                along = torch.tensor([-y, x], dtype=torch.float64)
                pushes[name][each] = -(gradient @ along).item()
        return pushes

    def _losses(self, at: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return both losses of points (2,) as a batch of one tuple with one negative."""
        q = at["q"][None]  # (1, 2)
        p = at["p"][None]
        n = at["n"][None, None]  # (1, 1, 2)
        return {
            TRIPLET: triplet_loss(q, p, n, self.margin),
            SECOND: second_order_loss(q, p, n),
        }

    def preview(self) -> Image.Image:
        """Draw a still image of what is shown: for print, and where nothing can run."""
        shown = {TRIPLET: self.show_triplet, SECOND: self.show_second}
        pushes = {name: values for name, values in self.pushes.items() if shown[name]}
        points = {name: at.tolist() for name, at in self.points.items()}
        return circle_still(points, pushes, self.distances, self.losses)

    def alternative(self) -> str:
        """Return in words what is shown: for those who do not see it."""
        losses = self.losses
        places = ", ".join(f"{name} at {getattr(self, name):.0f} degrees" for name in POINTS)
        return (
            f"A circle with {places}. The triplet loss is {losses[TRIPLET]:.2f}, "
            f"the second-order loss {losses[SECOND]:.2f}."
        )

    def __repr__(self) -> str:
        return f"LossCircle(q={self.q:g}, p={self.p:g}, n={self.n:g}, margin={self.margin:g})"
