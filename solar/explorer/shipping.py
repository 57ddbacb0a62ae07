"""What leaves Python: packed maps, the image and the colours for a browser, and a still image."""

import io
import math
import zlib

import numpy as np
from PIL import Image, ImageDraw

from .maps import Maps, pack, pool_cells, step_for

OWN = "network"
DRAWING = "drawing"
COLOUR_MAPS = ("magma", "viridis", "cividis", "gray")
MARK = "#56B4E9"  # the colour of the place, as in explorer.js

# pixels of the shipped image: the longer side at most, unless the shorter one gets too short
LONGEST = 768
SHORTEST = 64

# pixels of what is drawn, as in explorer.js: `drawing_size` says how they go together
DRAWN_WIDTH = 512
DRAWN_LONGEST = 2048
DRAWN_SHORTEST = 128
DRAWN_LIMIT = 8192  # of any side: what browsers can draw and JPEG files can hold
DRAWN_LEAST = 32  # of any side


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
    """Return an image as a JPEG file, shrunk for a page.

    The longer side gets at most `LONGEST` pixels, or more where the shorter one would get fewer
    than `SHORTEST`.
    """
    # of a panorama the shorter side counts: a line of pixels would show nothing
    elongation = max(image.size) / min(image.size)
    side = max(LONGEST, SHORTEST * elongation)
    side = min(side, DRAWN_LIMIT)

    small = image.copy()
    small.thumbnail((side, side))
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


def drawing_size(width: int, height: int) -> tuple[int, int]:
    """Return the size at which an image is drawn, as explorer.js does it.

    Small images are enlarged by a whole number to `DRAWN_WIDTH` pixels or more. But no side gets
    longer than `DRAWN_LONGEST`, unless the other one would get shorter than `DRAWN_SHORTEST`: then
    it may reach `DRAWN_LIMIT`.

    Args:
        width: of the image, in pixels.
        height: of the image, in pixels.

    Returns:
        Width and height in pixels. Only an image more than 256 times as long as wide is distorted.

    Example:
        >>> drawing_size(256, 192), drawing_size(1024, 768)
        ((512, 384), (1024, 768))
        >>> drawing_size(4000, 64), drawing_size(16, 3000)
        ((8000, 128), (44, 8192))
    """
    longer = max(width, height)
    shorter = min(width, height)
    zoom = math.ceil(DRAWN_WIDTH / width)
    zoom = min(zoom, DRAWN_LONGEST / longer)
    zoom = max(zoom, min(DRAWN_SHORTEST / shorter, DRAWN_LIMIT / longer))
    return max(round(zoom * width), DRAWN_LEAST), max(round(zoom * height), DRAWN_LEAST)


def still_image(
    image: Image.Image, weights: np.ndarray, place: list[float], table: bytes, opacity: float
) -> Image.Image:
    """Draw a map over an image, with a ring at the place that looks.

    Args:
        image: the image; it is drawn at the size that `drawing_size` returns.
        weights: (h, w), the map; it is stretched from its minimum to its maximum.
        place: (row, column) or (top, left, bottom, right), in pixels of the image.
        table: 256 x 3 bytes, the colours.
        opacity: of the colours, 0 to 1.
    """
    size = drawing_size(image.width, image.height)
    enlarged = image.resize(size, Image.Resampling.BICUBIC)

    # the map, stretched to 0..1 and to the size of the image
    heights = weights - weights.min()
    heat = Image.fromarray((heights / (heights.max() or 1)).astype(np.float32))
    heat = np.asarray(heat.resize(size, Image.Resampling.BILINEAR))  # (H, W)

    # in colours, over the image
    colours = np.frombuffer(table, np.uint8).reshape(256, 3)
    coloured = Image.fromarray(colours[(255 * heat.clip(0, 1)).round().astype(int)])
    still = Image.blend(enlarged, coloured, opacity)

    # rows scale with the height, columns with the width
    scales = (size[1] / image.height, size[0] / image.width)
    _draw_place(still, [value * scales[i % 2] for i, value in enumerate(place)])
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
    radius = max(6, min(image.width / 60, min(image.size) / 8))
    for shrink, colour, width in ((0, "white", 5), (1, MARK, 3)):
        r = radius - shrink
        pen.ellipse([x - r, y - r, x + r, y + r], None, colour, width)
