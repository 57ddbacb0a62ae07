"""The mini world: seeded landmarks, photographed by an exact camera that knows what it saw.

`solar.world.make("mini-revisitop")` writes a dataset in the published format; `Landmark` and
`photograph` make single pictures. In small rooms: textures, solids, styles and landmark build;
camera, visibility, surfaces and light draw; clutter and photo make a photograph of it; truth labels
pairs; recipes and writing fill the disk.
"""

from .camera import Camera
from .landmark import Landmark
from .light import WEATHERS
from .photo import Photo, choose_view, photograph
from .recipes import BOOK, DATASETS, Recipe
from .styles import STYLES
from .truth import box_of, correspondences, shared
from .writing import contact_sheet, make, records, write

__all__ = [
    "BOOK",
    "Camera",
    "DATASETS",
    "Landmark",
    "Photo",
    "Recipe",
    "STYLES",
    "WEATHERS",
    "box_of",
    "choose_view",
    "contact_sheet",
    "correspondences",
    "make",
    "photograph",
    "records",
    "shared",
    "write",
]
