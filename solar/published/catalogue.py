"""What has been published, where it lies, what it takes and what it is for: read from
manifest.toml, the one place.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from ..files import home

OUTSIDE_DATA = ("weights", "descriptors")  # kinds that lie in folders of their own beside `data`


@dataclass(frozen=True)
class File:
    """A file to fetch.

    Attributes:
        path: its name in the entry's folder.  mirrors: addresses, tried in order.
        digest: 'sha256:...' or 'md5:...' where it is known;  size: in bytes, where known.
        archive: the archive that it is (a part of), or '' for a file that stays as it is.
        into: folder for the archive's contents;  keep: how many last parts of a member's name stay,
            0 for all.
    """

    path: str
    mirrors: tuple[str, ...]
    digest: str = ""
    size: int | None = None
    archive: str = ""
    into: str = ""
    keep: int = 0


@dataclass(frozen=True)
class Entry:
    """A name of `solar data`: its files, and what a reader wants to know before fetching them."""

    name: str
    kind: str
    folder: str
    what: str
    enables: str
    licence: str
    gigabytes: float
    by_hand: str
    proof: str
    files: tuple[File, ...]

    def place(self, root: str | Path | None = None) -> Path:
        """The folder that its files go to; `root` is the folder that holds datasets,
        `$SOLAR_HOME/data` if None.
        """
        if self.kind in OUTSIDE_DATA:
            return home() / self.folder
        return (Path(root) if root is not None else home() / "data") / self.folder

    def groups(self) -> list[list[File]]:
        """Its files, the parts of one archive together."""
        found: dict[str, list[File]] = {}
        for file in self.files:
            found.setdefault(file.archive or file.path, []).append(file)
        return list(found.values())


def _files(table: dict) -> list[File]:
    table = dict(table)
    count, parts = table.pop("count", None), table.pop("parts", None)
    if count:  # {n} stands for 1, 2, ...
        numbered = [
            {k: v.replace("{n}", str(n)) if isinstance(v, str) else v for k, v in table.items()}
            | {"mirrors": [url.replace("{n}", str(n)) for url in table["mirrors"]]}
            for n in range(1, count + 1)
        ]
        return [file for one in numbered for file in _files(one)]
    archive = table["path"] if "into" in table else ""
    if parts:  # part `x.tar.gz` + `.../abc.partaa` is called x.partaa
        stem = table["path"].split(".")[0]
        rest = {k: v for k, v in table.items() if k != "path"}
        return [File(stem + Path(url).suffix, (url,), archive=archive, **rest) for url in parts]
    return [File(**table | {"mirrors": tuple(table["mirrors"])}, archive=archive)]


def read_manifest(path: str | Path) -> dict[str, Entry]:
    """Name -> entry of a manifest file."""
    entries = {}
    for name, table in tomllib.loads(Path(path).read_text(encoding="utf-8")).items():
        files = tuple(file for one in table.pop("files") for file in _files(one))
        entries[name] = Entry(name, files=files, **{"folder": name, "proof": ""} | table)
    return entries


ENTRIES = read_manifest(Path(__file__).with_name("catalogue.toml"))


def of_kind(*kinds: str) -> list[str]:
    """Names of all entries of these kinds."""
    return [name for name, entry in ENTRIES.items() if entry.kind in kinds]


def descriptors_at(name: str) -> Path:
    """The file of published descriptors by name.

    Raises:
        FileNotFoundError: it is not there; says how to get it.
    """
    path = ENTRIES[name].place() / ENTRIES[name].files[0].path
    if not path.is_file():
        raise FileNotFoundError(
            f"{name}: not fetched yet; {how_to_get(name)} and put the file at {path}"
        )
    return path


def how_to_get(name: str) -> str:
    """One clause that says how to fetch an entry, by command or by hand."""
    return f"fetch it with `solar data {name}`, or by hand ({ENTRIES[name].by_hand})"
