"""The mini world: seeded landmarks, photographed by an exact camera that knows what it saw.

`solar.world.make("mini-revisitop")` writes a dataset in the published format; `Landmark` and
`photograph` make single images.

==========  =====================================================================
textures    stone, brick, wood and noise as arrays of pixels
solids      boxes, prisms, quadrics: what landmarks are built of
styles      castle, temple, pagoda ...: how a style puts solids together
landmark    a landmark from its seed
camera      a pinhole camera and the sun
visibility  which solid each pixel sees
surfaces    the colour of what it sees
light       weather, shadows, sky
clutter     trees, cars and people in the way
photo       a photograph: all of the above in one image
truth       boxes, and which two photographs show the same stones
patches     patches of the same points in several photographs
phototour   patches written in the format of PhotoTour
recipes     which landmarks a dataset shows, and how many images of each
jobs        renders and labels all images of one landmark
writing     writes a dataset to disk
==========  =====================================================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "camera": ["Camera"],
        "landmark": ["Landmark"],
        "light": ["WEATHERS"],
        "photo": ["Photo", "choose_view", "photograph"],
        "recipes": ["BOOK", "DATASETS", "Recipe"],
        "styles": ["STYLES"],
        "truth": ["box_of", "correspondences", "shared"],
        "writing": ["contact_sheet", "make", "records", "write"],
    },
)
