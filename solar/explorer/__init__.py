"""Live figures: the SOA explorer, the loss circle, the ranked list and the match slider.

They work with a kernel and without one, in a saved page or in the built book.

======== ==============================================================================
module   what it does
======== ==============================================================================
maps     compute rows and columns of attention, pool them to cells, pack them into bytes
widget   the SOA explorer: where does second-order attention look from a place?
circle   the loss circle: three points, two losses, and where descent pushes each point
ranking  the ranked list: average precision while images are moved
matches  the match slider: which matches of two photographs pass a threshold
live     what all of them share: state, still picture, words, a page of their own
traits   the kinds of values that the state holds, and how others are refused
shipping make what leaves Python: packed layers, image, colours, a still image
stills   still pictures of circle, list and matches
credits  who made a photograph: what a saved page says below it
page     write a figure into a page that needs no network
======== ==============================================================================

All drawing is in the `.js` file of a figure (`explorer.js`; `circle.js`, `ranking.js` and
`matches.js` after `live.js`); `offline.js` brings a saved page to life.

Book: chapters 3 (the SOA explorer), 5 (losses), 9 (the revisited protocol) and 12 (matching two
photographs).
"""

from .circle import LossCircle
from .maps import Maps, pack, pool_cells, unpack
from .matches import MatchSlider
from .ranking import RankedList
from .widget import SOAExplorer

__all__ = [
    "LossCircle",
    "Maps",
    "MatchSlider",
    "RankedList",
    "SOAExplorer",
    "pack",
    "pool_cells",
    "unpack",
]
