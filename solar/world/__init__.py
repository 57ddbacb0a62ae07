"""The mini world: seeded landmarks, photographed by an exact camera that knows what it saw.

`solar.world.make("mini-revisitop")` writes a dataset in the published format; `Landmark`,
`choose_view` and `photograph` make single images. Modules, in the order in which they build on each
other:

===========  ====================================================================
textures     materials as arrays of pixels: noise, masonry, roof tiles
paint        how the walls of a landmark are painted; polygons, lines, discs
windows      windows and doors
facades      rows of windows, cornices, portals, rose windows, clocks
solids       the shapes: convex solids, and curved ones with one equation
builder      boxes, roofs, columns, domes and stairs with painted walls
chance       random choices
sacred       cathedral, church, temple, mosque, pagoda
secular      castle, arch, palace, clock tower, monument
styles       the list of these ten
atlas        all textures of a landmark in one image
landmark     a landmark from its seed
camera       a pinhole camera, and a parallel one for the sun
visibility   which surface each pixel sees
surfaces     position, normal and colour of what it sees
light        sun, shadow, sky, fog, lamps
clutter      trees, cars and people in the way
photo        a photograph: all of the above in one image
neighbours   several landmarks in one scene
crowd        views by the landmark's share of the picture; places for other landmarks
truth        boxes, correspondences, and easy / hard / junk labels
formats      constants of the published formats
patches      patches of the same points in several photographs
phototour    patches in the files of PhotoTour
photographs  real photographs that installed packages bring
recipes      which landmarks a dataset shows, and how many images of each
takes        photographs for training, as queries, for the databases of benchmarks
crowd_photos all images of one landmark among others
shapes       twenty small buildings that differ in shape alone, and paints
relations    places of twelve of them: a landmark is which five are painted alike
jobs         all images of one landmark, rendered and labelled
index_files  the files that list the images of a dataset
writing      writes a dataset to disk
preview      a contact sheet of a dataset
parts        feature maps of landmarks that only the relations of positions tell
===========  ====================================================================

Book: the mini world (data sheet).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "camera": ["Camera"],
        "landmark": ["Landmark"],
        "light": ["WEATHERS"],
        "photo": ["Photo", "choose_view", "photograph"],
        "preview": ["contact_sheet"],
        "recipes": ["BOOK", "DATASETS", "Recipe"],
        "styles": ["STYLES"],
        "truth": ["box_of", "correspondences", "shared"],
        "writing": ["make", "records", "write"],
    },
)
