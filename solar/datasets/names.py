"""Names of datasets: which are known, in which folder each lies, and what goes with a mini set.

This is the one place that turns a name into a folder. A mini set is made on first use, a published
set has a folder of its own in `$SOLAR_HOME/data`, and own data are given by their path.
"""

from pathlib import Path

from .. import world
from ..files import home, in_one_line
from ..published.catalogue import ENTRIES, of_kind
from ..world.recipes import DATASETS, IMAGE_SIZE

PUBLISHED_IMAGE_SIZE = 1024  # pixels: the longer side at which the paper describes images

# use -> kinds of mini sets (`world.recipes`) that serve it
MINI_KINDS = {
    "benchmark": ("benchmark", "distractors"),
    "patches": ("patches", "photographs"),
    "training": ("train",),
}

# use -> what an error calls it
WORDS = {
    "benchmark": "benchmark",
    "patches": "patches",
    "training": "training set",
    None: "dataset",
}

# names of the literature -> the entry of the catalogue that brings the files
ENTRY_OF = {
    "oxford5k": "roxford5k",  # the first benchmarks label the images of the revisited ones
    "paris6k": "rparis6k",
    "liberty": "phototour-liberty",
    "notredame": "phototour-notredame",
    "yosemite": "phototour-yosemite",
}

# use -> published names that serve it
PUBLISHED_NAMES = {
    "benchmark": (*of_kind("benchmark", "distractors"), "oxford5k", "paris6k"),
    "patches": ("liberty", "notredame", "yosemite"),
    "training": tuple(of_kind("training")),
}


def mini_names(use: str) -> list[str]:
    """Return the names of the mini sets for a use: 'benchmark', 'patches' or 'training'."""
    return [name for name, recipe in DATASETS.items() if recipe.kind in MINI_KINDS[use]]


def names_of(use: str) -> list[str]:
    """Return all names for a use ('benchmark', 'patches' or 'training'), mini sets first.

    Example:
        >>> names_of("patches")[-3:]
        ['liberty', 'notredame', 'yosemite']
    """
    return [*mini_names(use), *PUBLISHED_NAMES[use]]


def is_name(name: str | Path, use: str | None = None) -> bool:
    """Return whether a name is that of a mini or published dataset, whatever lies on the disk.

    Args:
        name: a name, or a path: `./name` and `Path` objects are always paths.
        use: 'benchmark', 'patches' or 'training'; any if None.

    Example:
        >>> is_name("roxford5k"), is_name("./roxford5k"), is_name("roxford5k", "training")
        (True, False, False)
    """
    uses = list(MINI_KINDS) if use is None else [use]
    return isinstance(name, str) and any(name in names_of(each) for each in uses)


def entry_of(name: str) -> str:
    """Return the name under which `solar data` fetches a published dataset.

    Example:
        >>> entry_of("liberty"), entry_of("roxford5k")
        ('phototour-liberty', 'roxford5k')
    """
    return ENTRY_OF.get(name, name)


def folder_of(name: str | Path, root: str | Path | None = None, use: str | None = None) -> Path:
    """Return the folder of a dataset; a mini set is made on first use.

    Names go before what lies in the current folder: `./name` is the folder of that name there. The
    folder of a published set is returned whether it was fetched or not: what is missing in it
    is for the loader to say, which knows the files.

    Args:
        name: name of a mini or published dataset ('mini-gl18', 'roxford5k', 'liberty'), or, except
            for benchmarks, a path: a folder, a pickle of training data, or a name in `root`. `Path`
            objects are paths.
        root: the folder that holds dataset folders; `$SOLAR_HOME/data` if None.
        use: 'benchmark', 'patches' or 'training'; datasets of another use are refused. Any if None.

    Raises:
        ValueError: unknown name.
        FileNotFoundError: a path that leads nowhere.

    Example:
        >>> folder_of("liberty", root="data").as_posix()
        'data/liberty'
    """
    root = Path(root) if root is not None else home() / "data"
    is_known = is_name(name, use)
    is_path = isinstance(name, Path)
    name = str(name)

    # 1. a mini set: rendered now, unless it is there
    if is_known and name in DATASETS:
        return world.make(name, root)

    # 2. a published set: where `solar data NAME` puts it
    if is_known:
        return ENTRIES[entry_of(name)].place(root)

    # 3. own data, by a path or by the name of a folder in `root`
    own_data = use != "benchmark" and (is_path or name not in ("", *DATASETS))
    if own_data:
        for path in (Path(name), root / name):
            if path.exists():
                return path
        if Path(name).name != name:
            raise FileNotFoundError(f"{in_one_line(name, 300)}: no such file or folder")

    known = [one for each in MINI_KINDS if use in (None, each) for one in names_of(each)]
    hint = "the path of a ground truth (.pkl or .json)" if use == "benchmark" else "a path"
    raise ValueError(
        f"unknown {WORDS[use]} {in_one_line(name)!r}: expected one of {', '.join(known)}, or {hint}"
    )


def image_size_of(name: str) -> int:
    """Return the usual longer side, in pixels, at which images of a dataset are described.

    Example:
        >>> image_size_of("mini-revisitop"), image_size_of("roxford5k")
        (256, 1024)
    """
    return max(IMAGE_SIZE) if name in DATASETS else PUBLISHED_IMAGE_SIZE


def benchmarks_of(training_set: str) -> dict[str, str]:
    """Return the benchmarks that a network trained on a dataset is scored on: role -> name.

    Networks trained on a mini set have a benchmark to choose with and one to report. For all other
    data nothing is returned: `solar evaluate` scores them on the published benchmarks.

    Example:
        >>> benchmarks_of("mini-gl18")
        {'validation': 'mini-validation', 'test': 'mini-revisitop'}
        >>> benchmarks_of("gl18")
        {}
    """
    if training_set not in mini_names("training"):
        return {}
    return {"validation": "mini-validation", "test": "mini-revisitop"}


def test_patches_of(patch_set: str) -> str | None:
    """Return the name of the test patches that belong to a set of training patches, or None.

    Sets that are joined by '+' have test patches if each of them has.

    Example:
        >>> test_patches_of("mini-phototour")
        'mini-phototour-test'
        >>> test_patches_of("mini-phototour+mini-photographs")
        'mini-phototour-test+mini-photographs-test'
    """
    names = [f"{part}-test" for part in patch_set.split("+")]
    known = mini_names("patches")
    return "+".join(names) if all(name in known for name in names) else None
