"""The catalogue of published files: where they lie, what they take and what they are for.

It is read from `catalogue.toml`, the only place where addresses, sizes and checksums are written.

Book: chapter 13 (the published models).
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from ..files import home

# kinds that have folders of their own in SOLAR_HOME; all others are datasets and lie in `data`
OUTSIDE_DATA = ("weights", "descriptors")


@dataclass(frozen=True)
class File:
    """A file to fetch.

    Attributes:
        path: its name in the folder of the entry.
        mirrors: addresses, tried in order.
        digest: 'sha256:...' or 'md5:...' where it is known.
        size: in bytes, where it is known.
        archive: the archive that it is (a part of), or '' for a file that stays as it is.
        into: folder for the contents of the archive.
        keep: how many last parts of a member's name stay, 0 for all.
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
    """A name of `solar data`: its files, and what a reader wants to know before fetching them.

    Attributes:
        name: the name of `solar data NAME`.
        kind: 'weights', 'descriptors', 'benchmark', 'distractors', 'training' or 'patches'.
        folder: name of its folder.
        what, enables, licence: sentences that are shown.
        gigabytes: room needed while it is fetched and unpacked, about.
        by_hand: where to look when every mirror is dead.
        proof: a pattern that matches a file once the archives are unpacked; '' without archives.
        files: the files to fetch.

    Example:
        >>> entry = ENTRIES["roxford5k"]
        >>> entry.kind, [file.path for file in entry.files]
        ('benchmark', ['gnd_roxford5k.pkl', 'oxbuild_images-v1.tgz'])
    """

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
        """Return the folder that its files go to.

        Args:
            root: the folder that holds dataset folders; `$SOLAR_HOME/data` if None. Weights and
                descriptors lie in `$SOLAR_HOME` whatever it is.
        """
        if self.kind in OUTSIDE_DATA:
            return home() / self.folder
        data = Path(root) if root is not None else home() / "data"
        return data / self.folder

    def groups(self) -> list[list[File]]:
        """Return its files, with the parts of one archive together in one list."""
        groups: dict[str, list[File]] = {}
        for file in self.files:
            groups.setdefault(file.archive or file.path, []).append(file)
        return list(groups.values())


def read_catalogue(path: str | Path) -> dict[str, Entry]:
    """Read a catalogue file.

    Args:
        path: a TOML file in the form that `catalogue.toml` describes.

    Returns:
        name -> entry.
    """
    tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    entries = {}
    for name, table in tables.items():
        # one line of `files` may stand for many files; all other keys are fields of Entry
        files = [file for one in table.pop("files") for file in _files_of(one)]
        facts = {"folder": name, "proof": ""} | table
        entries[name] = Entry(name=name, files=tuple(files), **facts)
    return entries


def _files_of(table: dict) -> list[File]:
    """Return the files that one line of `files` describes: one, `count` or as many as `parts`."""
    if "count" in table:
        numbers = range(1, table["count"] + 1)
        return [_plain_file(_numbered(table, number)) for number in numbers]
    if "parts" in table:
        return _parts_of(table)
    return [_plain_file(table)]


def _plain_file(table: dict) -> File:
    """Return the file of a table whose keys are the fields of `File`."""
    archive = table["path"] if "into" in table else ""
    return File(**table | {"mirrors": tuple(table["mirrors"]), "archive": archive})


def _numbered(table: dict, number: int) -> dict:
    """Return the table of one of `count` files: {n} in its path and mirrors is the number."""
    facts = {key: value for key, value in table.items() if key != "count"}
    facts["path"] = table["path"].replace("{n}", str(number))
    facts["mirrors"] = [url.replace("{n}", str(number)) for url in table["mirrors"]]
    return facts


def _parts_of(table: dict) -> list[File]:
    """Return the parts of an archive: `x.tar.gz` from `.../abc.partaa` has a part `x.partaa`."""
    stem = table["path"].split(".")[0]
    facts = {key: value for key, value in table.items() if key not in ("path", "parts")}
    return [
        File(path=stem + Path(url).suffix, mirrors=(url,), archive=table["path"], **facts)
        for url in table["parts"]
    ]


ENTRIES = read_catalogue(Path(__file__).with_name("catalogue.toml"))


def of_kind(*kinds: str) -> list[str]:
    """Return the names of all entries of these kinds.

    Example:
        >>> of_kind("benchmark", "distractors")
        ['roxford5k', 'rparis6k', 'revisitop1m']
    """
    return [name for name, entry in ENTRIES.items() if entry.kind in kinds]


def descriptors_at(name: str) -> Path:
    """Return the file of published descriptors by name.

    Raises:
        FileNotFoundError: it is not there; says how to get it.
    """
    entry = ENTRIES[name]
    path = entry.place() / entry.files[0].path
    if not path.is_file():
        raise FileNotFoundError(
            f"{name}: not fetched yet; {how_to_get(name)} and put the file at {path}"
        )
    return path


def how_to_get(name: str) -> str:
    """Return one clause that says how to fetch an entry, by command or by hand.

    Example:
        >>> how_to_get("revisitop1m")
        'fetch it with `solar data revisitop1m`, or by hand (http://...)'
    """
    return f"fetch it with `solar data {name}`, or by hand ({ENTRIES[name].by_hand})"
