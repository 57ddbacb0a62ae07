"""The widget: what is shipped to the browser, and the state that Python and the reader's hand
share.
"""

import base64
import io
import zlib
from pathlib import Path

import anywidget
import numpy as np
import traitlets as t
from PIL import Image, ImageDraw

from ..images import prepare
from ..nets.global_net import GlobalNet
from .maps import Maps, pack, pool_cells, positions_in, step_for
from .page import write_page

HERE = Path(__file__).parent
ATTENDS, ATTENDED = "attends to", "is attended by"
OWN, DRAWING = "network", "drawing"
AVERAGE, CENTRE = "average", "centre"
COLOURS = ("magma", "viridis", "cividis", "gray")
BUDGET = 1_250_000  # bytes of all packed maps: a saved page stays below two megabytes
LONGEST = 768  # pixels of the shipped photograph's longer side


class SOAExplorer(anywidget.AnyWidget):
    """Point at a photograph and see where second-order attention looks (SOLAR, section 4.3).

    Args:
        image: a path, a PIL image or an array (H, W, 3) uint8.
        net: a `GlobalNet` with attention blocks, or {name: network} to choose from and to compare.
        image_size: the longer side is shrunk to at most this many pixels, as `describe` does it.
        budget: bytes of packed maps that are shipped. A layer with more positions is pooled to
            cells for the browser; with a live kernel the exact map follows at once.

    Attributes:
        location: (row, column) in pixels, or a box (top, left, bottom, right).
        layer: 4 or 5 (or 3), the stage whose block is shown.
        direction: 'attends to' (a row of the map) or 'is attended by' (a column).
        opacity: of the colours, 0 to 1.
        temperature: 'network', its own, or 'drawing', the authors' softer one (see `Maps.tau`).
        boxes: what a box shows: 'average' of its positions, or its 'centre' alone, as the authors'
            rectangle did.
        colours: one of 'magma', 'viridis', 'cividis', 'gray'.
        network: name of the network shown.
        compare: '' nothing; 'place', the map at `other` beside it; or a network's name, its map of
            the same place.
        other: the second place.

    All attributes work in both directions, and can be observed: `explorer.observe(f, "location")`.

    Raises:
        FileNotFoundError, ValueError: no such image, not a picture, or one below 16 pixels; no
            network with attention.
    """

    _esm = HERE / "explorer.js"
    _css = HERE / "explorer.css"

    photo = t.Bytes().tag(sync=True)  # JPEG
    packed = t.Bytes().tag(sync=True)  # zlib: for each set of maps what `pack` wrote
    size = t.List(t.Int()).tag(sync=True)  # height and width in pixels, as the network saw it
    layers = t.List(t.Dict()).tag(
        sync=True
    )  # network, layer, grid, step, tau, offsets of the sets in `packed`
    tables = t.Dict().tag(sync=True)  # 256 x 3 bytes of each colour map
    start = t.Dict().tag(sync=True)  # the state to reset to

    location = t.List(t.Float()).tag(sync=True)
    other = t.List(t.Float()).tag(sync=True)
    layer = t.Int().tag(sync=True)
    direction = t.Enum((ATTENDS, ATTENDED), ATTENDS).tag(sync=True)
    temperature = t.Enum((OWN, DRAWING), OWN).tag(sync=True)
    boxes = t.Enum((AVERAGE, CENTRE), AVERAGE).tag(sync=True)
    colours = t.Enum(COLOURS, COLOURS[0]).tag(sync=True)
    opacity = t.Float(0.5, min=0, max=1).tag(sync=True)
    hover = t.Bool(False).tag(sync=True)
    network = t.Unicode().tag(sync=True)
    compare = t.Unicode("").tag(sync=True)

    def __init__(
        self,
        image,
        net: GlobalNet | dict[str, GlobalNet],
        image_size: int | None = 1024,
        budget: int = BUDGET,
        **state,
    ):
        nets = net if isinstance(net, dict) else {"network": net}
        if (
            not nets
            or len({getattr(one, "soa", None) for one in nets.values()}) > 1
            or {"", "place"} & nets.keys()
        ):
            raise ValueError(
                "expected a network, or {name: network} with the same attention layers in all of them"
            )
        if isinstance(image, np.ndarray):
            if image.dtype != np.uint8 or image.shape[2:] != (3,):
                raise ValueError(
                    f"an array of {image.dtype}, {image.shape}: expected (H, W, 3) uint8, or a path"
                )
            image = Image.fromarray(image)
        self.picture = prepare(image, None, image_size)
        self.maps = {name: Maps(one, self.picture) for name, one in nets.items()}
        layers, packed = self._pack(budget)
        height, width = self.picture.height, self.picture.width
        place = dict(location=[height / 2, width / 2], other=[height / 4, width / 4])
        unnamed = dict(layer=layers[-1]["layer"], network=next(iter(nets)), **place)
        data = dict(
            photo=self._jpeg(), packed=packed, layers=layers, size=[height, width], tables=_tables()
        )
        super().__init__(**data, **{**unnamed, **state})
        two_way = set(unnamed) | {
            "direction",
            "temperature",
            "boxes",
            "colours",
            "opacity",
            "hover",
            "compare",
        }
        self.start = {name: getattr(self, name) for name in sorted(two_way)}
        self.on_msg(self._answer)

    def _pack(self, budget: int) -> tuple[list[dict], bytes]:
        layers, sets, offset = [], [], 0
        share = budget // sum(len(maps.grids) for maps in self.maps.values())
        for name, maps in self.maps.items():
            for layer, grid in maps.grids.items():
                step, offsets = step_for(grid, share), {}
                for temperature in (OWN,) if step == 1 else (OWN, DRAWING):
                    offsets[temperature] = offset
                    sets.append(pack(pool_cells(maps, layer, step, temperature == DRAWING)))
                    offset += len(sets[-1])
                facts = dict(grid=list(grid), step=step, tau=maps.tau[layer], sets=offsets)
                layers.append(dict(network=name, layer=layer, **facts))
        return layers, zlib.compress(b"".join(sets), 9)

    def _jpeg(self) -> bytes:
        small, file = self.picture.copy(), io.BytesIO()
        small.thumbnail((LONGEST, LONGEST))
        small.save(file, "JPEG", quality=85)
        return file.getvalue()

    @t.validate("location", "other")
    def _place(self, proposal):
        value = [float(v) for v in proposal.value]
        height, width = self.size
        spans = zip(value[:2], value[-2:], self.size)
        if len(value) not in (2, 4) or any(
            not (0 <= a < side and a <= b <= side) for a, b, side in spans
        ):
            raise t.TraitError(
                f"{proposal.trait.name} = {tuple(value)}: expected (row, column) or (top, left, bottom, right) "
                f"in pixels of a picture of {height} rows and {width} columns"
            )
        return value

    @t.validate("layer", "network", "compare")
    def _offered(self, proposal):
        name, networks = proposal.trait.name, list(self.maps)
        layers = list(self.maps[networks[0]].grids)
        allowed = dict(layer=layers, network=networks, compare=["", "place", *networks])[name]
        if proposal.value not in allowed:
            offered = ", ".join(map(repr, allowed))
            raise t.TraitError(f"{name} = {proposal.value!r}: expected one of {offered}")
        return proposal.value

    def map_at(self, place, network: str | None = None) -> np.ndarray:
        """The exact map (h, w) of a place or box in pixels, in the layer, direction and temperature
        that are set.
        """
        state = {
            name: getattr(self, name) for name in ("layer", "direction", "temperature", "boxes")
        }
        return self._map(place=list(place), network=network or self.network, **state)

    def _map(self, place, network, layer, direction, temperature, boxes) -> np.ndarray:
        maps = self.maps[network]
        look = maps.attends_to if direction == ATTENDS else maps.attended_by
        at = positions_in(place, maps.grids[layer], self.size, boxes == AVERAGE)
        return look(layer, at, temperature == DRAWING)

    @property
    def map(self) -> np.ndarray:
        """What is shown, (h, w) float32: where the place looks (sums to one), or how much each
        position looks at it.
        """
        return self.map_at(self.location)

    def _answer(self, _, asked: dict, buffers) -> None:
        """The browser has only pooled maps of a layer, and asks for the exact one of what it shows."""
        weights = self._map(**{name: value for name, value in asked.items() if name != "key"})
        self.send(
            {"key": asked["key"], "grid": list(weights.shape)}, [weights.astype("<f4").tobytes()]
        )

    def reset(self) -> None:
        """Back to the state after making."""
        with self.hold_sync():
            for name, value in self.start.items():
                setattr(self, name, value)

    def preview(self) -> Image.Image:
        """A still picture of what is shown: for print, and for readers without JavaScript or a
        kernel.
        """
        zoom = -(-512 // self.picture.width)
        shown = self.picture.resize(
            (zoom * self.picture.width, zoom * self.picture.height), Image.Resampling.BICUBIC
        )
        weights = self.map - self.map.min()
        heat = Image.fromarray((weights / (weights.max() or 1)).astype(np.float32))
        heat = np.asarray(heat.resize(shown.size, Image.Resampling.BILINEAR))
        table = np.frombuffer(self.tables[self.colours], np.uint8).reshape(256, 3)
        coloured = Image.fromarray(table[(255 * heat.clip(0, 1)).round().astype(int)])
        shown = Image.blend(shown, coloured, self.opacity)
        pen, place = ImageDraw.Draw(shown), [zoom * v for v in self.location]
        y, x = (
            (place[0], place[1])
            if len(place) == 2
            else ((place[0] + place[2]) / 2, (place[1] + place[3]) / 2)
        )
        if len(place) == 4:
            pen.rectangle([place[1], place[0], place[3], place[2]], outline="#56B4E9", width=3)
        radius = max(6, shown.width / 60)
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], None, "white", 5)
        pen.ellipse(
            [x - radius + 1, y - radius + 1, x + radius - 1, y + radius - 1], None, "#56B4E9", 3
        )
        return shown

    def save_html(self, path: str | Path, title: str = "SOA explorer") -> Path:
        """Write one page that holds everything and asks for nothing: mail it, open it anywhere,
        without a network.

        Raises:
            OSError: the folder does not exist, or cannot be written to.
        """
        return write_page(self, Path(path), title)

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        file = io.BytesIO()
        self.preview().save(file, "JPEG", quality=80)
        return {
            **data,
            "text/plain": repr(self),
            "image/jpeg": base64.b64encode(file.getvalue()).decode(),
        }, metadata

    def __repr__(self) -> str:
        grids = next(iter(self.maps.values())).grids.items()
        layers = ", ".join(f"SOA{layer} on {h} x {w}" for layer, (h, w) in grids)
        return f"SOAExplorer({self.size[0]} x {self.size[1]} pixels; {layers})"


def _tables() -> dict[str, bytes]:
    from matplotlib import colormaps

    levels = np.arange(256)
    return {
        name: (255 * colormaps[name](levels)[:, :3]).round().astype(np.uint8).tobytes()
        for name in COLOURS
    }
