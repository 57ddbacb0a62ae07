"""List the ten styles of landmarks: a style says how a building is put together."""

from .sacred import cathedral, church, mosque, pagoda, temple
from .secular import arch, castle, clock_tower, monument, palace

# the order is the one in which `Landmark` draws a style: never change it
STYLES = {
    "cathedral": cathedral,
    "temple": temple,
    "castle": castle,
    "arch": arch,
    "palace": palace,
    "tower": clock_tower,
    "mosque": mosque,
    "pagoda": pagoda,
    "church": church,
    "monument": monument,
}
