"""Who made a photograph, and under which licence: what a saved page says below it.

A photograph is known by its bytes, whatever its file is called and wherever it lies.

Book: chapter 3 (the SOA explorer).
"""

from collections.abc import Iterable
from pathlib import Path

from ..files import sha256

LICENCE = "CC BY 2.0 (https://creativecommons.org/licenses/by/2.0/)"
CHANGES = "shrunk, and overlaid with attention"
# SHA-256 of a photograph -> its author and its address; their licence asks for both
KNOWN = {
    "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29": (
        "danielbuechele (https://www.flickr.com/photos/danielbuechele/6061409035/)"
    ),
    "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638": (
        "vultilion (https://www.flickr.com/photos/vultilion/6056698931/)"
    ),
}


def credit_of(files: Iterable[str | Path]) -> str:
    """Return what is to be said of a photograph, '' if it is none of those we know.

    Args:
        files: the file that it was read from, or nothing if there was none.

    Example:
        >>> from solar.world.photographs import PHOTOGRAPHS, photograph_path
        >>> credit_of([photograph_path(PHOTOGRAPHS[16])])
        'danielbuechele (https://www.flickr.com/...), CC BY 2.0 (https://...); shrunk, ...'
        >>> credit_of([])
        ''
    """
    for file in files:
        author = KNOWN.get(sha256(file)) if Path(file).is_file() else None
        if author is not None:
            return f"{author}, {LICENCE}; {CHANGES}"
    return ""
