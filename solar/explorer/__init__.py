"""The SOA explorer: point at a place in an image and see where second-order attention looks.

It works with a kernel, which computes exact maps, and without one, in a saved page.

======== ==============================================================================
module   what it does
======== ==============================================================================
maps     compute rows and columns of attention, pool them to cells, pack them into bytes
traits   the kinds of values that the state holds, and how others are refused
widget   keep the state that Python and the reader's hand share
shipping make what leaves Python: packed layers, image, colours, a still image
page     write the widget into a page that needs no network
======== ==============================================================================

All drawing is in `explorer.js`; `offline.js` brings a saved page to life.

Book: chapter 3 (the SOA explorer).
"""

from .maps import Maps, pack, pool_cells, unpack
from .widget import SOAExplorer

__all__ = ["Maps", "SOAExplorer", "pack", "pool_cells", "unpack"]
