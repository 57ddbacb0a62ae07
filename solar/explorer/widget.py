"""The widget: the data that a browser gets, and the state that Python and a reader's hand share.

Book: chapter 3 (the SOA explorer).
"""

import os
from pathlib import Path

import numpy as np
import traitlets as t
from PIL import Image

from ..files import check_output, in_one_line
from ..images import prepare
from ..nets import GlobalNet
from .credits import credit_of
from .live import LiveFigure
from .maps import Maps, check_attention, positions_in
from .shipping import COLOUR_MAPS, DRAWING, OWN, colour_tables, jpeg_of, pack_layers, still_image
from .traits import Choice, Flag, Name, Number, Place, Share

HERE = Path(__file__).parent
ATTENDS = "attends to"
ATTENDED = "is attended by"
AVERAGE = "average"
CENTRE = "centre"
BUDGET = 1_250_000  # bytes of all packed maps: a saved page stays below two megabytes


class SOAExplorer(LiveFigure):
    """Point at a place in an image and see where second-order attention looks.

    All attributes work in both directions, and can be observed: `explorer.observe(f, "location")`.

    Source: SOLAR, section 4.3.

    Args:
        image: a path, a PIL image, an array or a tensor, as `read_image` takes them. A photograph
            that a phone has stored on its side is shown upright; rows and columns are those of the
            upright image.
        net: a `GlobalNet` with attention blocks, or {name: network} to choose from and to compare.
        image_size: the longer side is shrunk to at most this many pixels, as `describe` does it.
        budget: bytes of packed maps that are shipped. A layer with more positions is pooled to
            cells for the browser; with a live kernel the exact map follows at once.
        state: any of the attributes below, by name.

    Attributes:
        location: (row, column) in pixels, or a box (top, left, bottom, right).
        layer: 4 or 5 (or 3), the stage whose block is shown.
        direction: 'attends to' (a row of the map) or 'is attended by' (a column).
        opacity: of the colours, 0 to 1.
        temperature: 'network', its own, or 'drawing', the authors' softer one (see `Maps.tau`).
        box_mode: what a box shows: the 'average' of its positions, or its 'centre' alone, as the
            authors' rectangle did.
        colours: one of 'magma', 'viridis', 'cividis', 'gray'.
        hover: whether the map follows the pointer.
        network: name of the network shown.
        compare: '' nothing; 'place', the map at `other` beside it; or a network's name, its map of
            the same place.
        other: the second place.

    Raises:
        FileNotFoundError: no such image.
        ValueError: not an image, or one below 16 pixels; no network with attention.
        TypeError: neither a path nor an image, an array or a tensor.

    Example:
        >>> import solar
        >>> image = Image.new("RGB", (64, 32))
        >>> explorer = SOAExplorer(image, solar.GlobalNet("mini"), location=(8, 8))
        >>> explorer
        SOAExplorer(32 x 64 pixels; SOA4 on 4 x 8, SOA5 on 2 x 4)
        >>> explorer.layer = 4
        >>> explorer.map.shape
        (4, 8)
    """

    # what a reader or Python may set, and what `reset` sets back
    STATE = (
        "box_mode",
        "colours",
        "compare",
        "direction",
        "hover",
        "layer",
        "location",
        "network",
        "opacity",
        "other",
        "temperature",
    )
    PAGE_WORDS = (
        "Where does second-order attention look from a place in this photograph? Brightness is "
        "stretched over each map's own range: compare shapes, and read the numbers below the "
        "picture."
    )

    _esm = HERE / "explorer.js"
    _css = HERE / "explorer.css"

    # shipped once
    jpeg = t.Bytes().tag(sync=True)  # the image
    packed = t.Bytes().tag(sync=True)  # zlib: for each set of maps what `pack` wrote
    size = t.List(t.Int()).tag(sync=True)  # height and width in pixels, as the network saw it
    # of each packed layer: network, layer, grid, step, tau, offsets of its sets in `packed`
    layers = t.List(t.Dict()).tag(sync=True)
    tables = t.Dict().tag(sync=True)  # 256 x 3 bytes of each colour map

    # the state
    location = Place().tag(sync=True)
    other = Place().tag(sync=True)
    layer = Number().tag(sync=True)
    direction = Choice((ATTENDS, ATTENDED), ATTENDS).tag(sync=True)
    temperature = Choice((OWN, DRAWING), OWN).tag(sync=True)
    box_mode = Choice((AVERAGE, CENTRE), AVERAGE).tag(sync=True)
    colours = Choice(COLOUR_MAPS, COLOUR_MAPS[0]).tag(sync=True)
    opacity = Share(0.5).tag(sync=True)
    hover = Flag(False).tag(sync=True)
    network = Name().tag(sync=True)
    compare = Name("").tag(sync=True)

    def __init__(
        self,
        image,
        net: GlobalNet | dict[str, GlobalNet],
        image_size: int | None = 1024,
        budget: int = BUDGET,
        **state,
    ):
        if image_size is not None and image_size < 1:
            raise ValueError(
                f"image_size={in_one_line(image_size)}: expected a positive number of pixels, or "
                "None"
            )

        # the attention of each network in the image
        nets = _named_networks(net)
        self.image = prepare(image, None, image_size, upright=True)
        self.files = _files_of(image)
        self.maps = {name: Maps(one, self.image) for name, one in nets.items()}
        layers, packed = pack_layers(self.maps, budget)

        # begin in the middle, with the last layer of the first network, unless the caller says
        width, height = self.image.size
        state.setdefault("location", [height / 2, width / 2])
        state.setdefault("other", [height / 4, width / 4])
        state.setdefault("layer", layers[-1]["layer"])
        state.setdefault("network", next(iter(nets)))

        super().__init__(
            jpeg=jpeg_of(self.image),
            packed=packed,
            layers=layers,
            size=[height, width],
            tables=colour_tables(),
            **state,
        )
        self.remember()
        self.on_msg(self._answer)

    @t.validate("location", "other")
    def _validate_place(self, proposal):
        """Accept a pixel or a box inside the image."""
        value = proposal.value
        height, width = self.size
        if not _is_place(value, height, width):
            raise t.TraitError(
                f"{proposal.trait.name} = {tuple(value)}: expected (row, column) or (top, left, "
                f"bottom, right) in pixels of an image of {height} rows and {width} columns"
            )
        return value

    @t.validate("layer", "network", "compare")
    def _validate_choice(self, proposal):
        """Accept what the networks offer."""
        name = proposal.trait.name
        networks = list(self.maps)
        if name == "layer":
            offers = list(self.maps[networks[0]].grids)
        elif name == "network":
            offers = networks
        else:
            offers = ["", "place", *networks]
        if proposal.value not in offers:
            listed = ", ".join(map(repr, offers))
            given = in_one_line(proposal.value)
            raise t.TraitError(f"{name} = {given}: expected one of {listed}")
        return proposal.value

    @property
    def map(self) -> np.ndarray:
        """The map that is shown, (h, w) float32.

        For 'attends to' it says where the place looks, and sums to one; for 'is attended by' it
        says how much each position looks at the place.
        """
        return self.map_at(self.location)

    def map_at(self, place, network: str | None = None) -> np.ndarray:
        """Return the exact map of a place, in the layer, direction and temperature that are set.

        Args:
            place: (row, column) or (top, left, bottom, right), in pixels.
            network: name of a network; the one that is shown if None.

        Returns:
            (h, w) float32.
        """
        return self._map(
            place=list(place),
            network=network or self.network,
            layer=self.layer,
            direction=self.direction,
            temperature=self.temperature,
            box_mode=self.box_mode,
        )

    def _map(self, *, place, network, layer, direction, temperature, box_mode) -> np.ndarray:
        """Return the exact map of a place in any state."""
        maps = self.maps[network]
        at = positions_in(place, maps.grids[layer], self.size, box_mode == AVERAGE)
        drawing = temperature == DRAWING
        if direction == ATTENDS:
            return maps.attends_to(layer, at, drawing)
        return maps.attended_by(layer, at, drawing)

    def _answer(self, _, question: dict, buffers) -> None:
        """Send the exact map that the browser asks for; of a pooled layer it has only cells."""
        question = dict(question)
        key = question.pop("key")
        weights = self._map(**question)
        content = {"key": key, "grid": list(weights.shape)}
        self.send(content, [weights.astype("<f4").tobytes()])

    def preview(self) -> Image.Image:
        """Draw a still image of what is shown: for print, and where nothing can run."""
        table = self.tables[self.colours]
        return still_image(self.image, self.map, self.location, table, self.opacity)

    def save_html(
        self, path: str | Path, title: str = "SOA explorer", credit: str | None = None
    ) -> Path:
        """Write one page that holds everything, to be opened anywhere, also without a network.

        Args:
            path: the file to write.
            title: the page's title, as plain text.
            credit: who made the photograph, and its licence, as plain text; None for what we know
                of its file.

        Returns:
            The path.

        Raises:
            OSError: the folder does not exist, or cannot be written to.
            ValueError: the file is the image that is explored.
        """
        check_output(path, self.files)
        known = credit_of(self.files) if credit is None else credit
        return super().save_html(path, title, known)

    def alternative(self) -> str:
        """Return in words what is shown: for those who do not see it."""
        place = ", ".join(f"{value:.0f}" for value in self.location)
        row, column = np.unravel_index(self.map.argmax(), self.map.shape)
        return (
            f"A photograph under its attention map SOA{self.layer}. The place {place} (rows and "
            f"columns of pixels) {self.direction} most: row {row}, column {column} of the map."
        )

    def __repr__(self) -> str:
        grids = next(iter(self.maps.values())).grids.items()
        layers = ", ".join(f"SOA{layer} on {h} x {w}" for layer, (h, w) in grids)
        return f"SOAExplorer({self.size[0]} x {self.size[1]} pixels; {layers})"


def _named_networks(net) -> dict[str, GlobalNet]:
    """Return networks by name; a single one is called 'network'."""
    nets = net if isinstance(net, dict) else {"network": net}
    if not nets:
        raise ValueError("expected a network, or {name: network} with at least one network")
    for name, one in nets.items():
        if name in ("", "place"):
            raise ValueError(f"a network is named {name!r}: expected any other name")
        check_attention(one, name if isinstance(net, dict) else "the network")
    layers = {name: "".join(sorted(one.soa)) for name, one in nets.items()}
    if len(set(layers.values())) > 1:
        listed = ", ".join(f"{name} has {numbers}" for name, numbers in layers.items())
        raise ValueError(f"expected the same attention layers in all networks; {listed}")
    return nets


def _files_of(image) -> list[Path]:
    """Return the file that an image comes from, or nothing if it comes from none."""
    if isinstance(image, Image.Image):
        image = getattr(image, "filename", "")
    if not isinstance(image, (str, os.PathLike)) or image == "":
        return []
    return [Path(image)]


def _is_place(value: list[float], height: int, width: int) -> bool:
    """Tell whether numbers are a pixel or a box inside an image; nan is in no image."""
    if len(value) not in (2, 4):
        return False
    top, left = value[:2]
    bottom, right = value[-2:]
    rows_fit = 0 <= top < height and top <= bottom <= height
    columns_fit = 0 <= left < width and left <= right <= width
    return rows_fit and columns_fit
