"""What leaves Python: packed maps, the image and the colours for a browser, and a still image."""

import io
import zlib

import numpy as np
from PIL import Image, ImageDraw

from .maps import Maps, pack, pool_cells, step_for

OWN = "network"
DRAWING = "drawing"
COLOUR_MAPS = ("magma", "viridis", "cividis", "gray")
MARK = "#56B4E9"  # the colour of the place, as in explorer.js
LONGEST = 768  # pixels on the longer side of the shipped image
STILL_WIDTH = 512  # pixels, the smallest width of a still image


def pack_layers(maps: dict[str, Maps], budget: int) -> tuple[list[dict], bytes]:
    """Pack the maps of all networks and layers, each into its share of a budget.

    Args:
        maps: network -> its attention in the image.
        budget: bytes of all packed maps, before they are compressed.

    Returns:
        For each layer what explorer.js needs to know (network, layer, grid, step, tau, and the
        offset of the set of maps at each temperature), and the compressed bytes.
    """
    layers = []
    parts = []
    offset = 0
    share = budget // sum(len(one.grids) for one in maps.values())
    for name, one in maps.items():
        for layer, grid in one.grids.items():
            # a pooled map cannot be brought to another temperature: pack both
            step = step_for(grid, share)
            temperatures = (OWN,) if step == 1 else (OWN, DRAWING)
            offsets = {}
            for temperature in temperatures:
                part = pack(pool_cells(one, layer, step, temperature == DRAWING))
                offsets[temperature] = offset
                parts.append(part)
                offset += len(part)
            facts = dict(grid=list(grid), step=step, tau=one.tau[layer], sets=offsets)
            layers.append(dict(network=name, layer=layer, **facts))
    return layers, zlib.compress(b"".join(parts), 9)


def jpeg_of(image: Image.Image) -> bytes:
    """Return an image as a JPEG file, shrunk to at most `LONGEST` pixels."""
    small = image.copy()
    small.thumbnail((LONGEST, LONGEST))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=85)
    return file.getvalue()


def colour_tables() -> dict[str, bytes]:
    """Return each colour map as 256 x 3 bytes."""
    from matplotlib import colormaps  # slow to import

    levels = np.arange(256)
    tables = {}
    for name in COLOUR_MAPS:
        colours = 255 * colormaps[name](levels)[:, :3]
        tables[name] = colours.round().astype(np.uint8).tobytes()
    return tables


def still_image(
    image: Image.Image, weights: np.ndarray, place: list[float], table: bytes, opacity: float
) -> Image.Image:
    """Draw a map over an image, with a ring at the place that looks.

    Args:
        image: the image, enlarged by a whole number to at least `STILL_WIDTH` pixels.
        weights: (h, w), the map; it is stretched from its minimum to its maximum.
        place: (row, column) or (top, left, bottom, right), in pixels of the image.
        table: 256 x 3 bytes, the colours.
        opacity: of the colours, 0 to 1.
    """
    zoom = -(-STILL_WIDTH // image.width)  # rounded up
    size = (zoom * image.width, zoom * image.height)
    enlarged = image.resize(size, Image.Resampling.BICUBIC)

    # the map, stretched to 0..1 and to the size of the image
    heights = weights - weights.min()
    heat = Image.fromarray((heights / (heights.max() or 1)).astype(np.float32))
    heat = np.asarray(heat.resize(size, Image.Resampling.BILINEAR))  # (H, W)

    # in colours, over the image
    colours = np.frombuffer(table, np.uint8).reshape(256, 3)
    coloured = Image.fromarray(colours[(255 * heat.clip(0, 1)).round().astype(int)])
    still = Image.blend(enlarged, coloured, opacity)
    _draw_place(still, [zoom * value for value in place])
    return still


def _draw_place(image: Image.Image, place: list[float]) -> None:
    """Draw a ring at a place, and the box around it if the place is one."""
    pen = ImageDraw.Draw(image)
    top, left = place[:2]
    bottom, right = place[-2:]
    if len(place) == 4:
        pen.rectangle([left, top, right, bottom], outline=MARK, width=3)

    # a white ring with a coloured one inside it
    x = (left + right) / 2
    y = (top + bottom) / 2
    radius = max(6, image.width / 60)
    for shrink, colour, width in ((0, "white", 5), (1, MARK, 3)):
        r = radius - shrink
        pen.ellipse([x - r, y - r, x + r, y + r], None, colour, width)
