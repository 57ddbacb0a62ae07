"""The SOA explorer: point at a photograph, see where second-order attention looks, with a kernel
and without one.

`maps` computes and packs, `widget` keeps the state, `page` writes it to a file; all drawing is in
`explorer.js`.
"""

from .maps import Maps, pack, pool_cells, unpack
from .widget import SOAExplorer

__all__ = ["Maps", "SOAExplorer", "pack", "pool_cells", "unpack"]
