"""Unpack archives without trusting them.

Nothing is written outside the folder, links and devices are refused, and either all members of an
archive are unpacked or none.

Book: chapter 13 (the published models).
"""

import gzip
import io
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from ..files import in_one_line

# what the readers of archives raise when bytes are damaged or missing
BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    gzip.BadGzipFile,
    NotImplementedError,
)
BUFFER = 1 << 20  # bytes read at once from a tar archive
GZIP_MAGIC = b"\x1f\x8b"  # the first bytes of a gzip file
ENCRYPTED = 1  # bit of a zip member's flags
ZIP_FILE_TYPES = (0, 4, 8)  # Unix file types: not stated, a folder, a file (10 would be a link)

# name in the archive, size in bytes, function that opens it for reading
Member = tuple[str, int, Callable[[], IO[bytes]]]


class _JoinedFiles(io.RawIOBase):
    """The parts of one archive, read as if they were one file."""

    def __init__(self, paths: list[Path]):
        self.paths = list(paths)  # still to be read
        self.file = None  # the one that is read now

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while self.file or self.paths:
            if self.file is None:
                self.file = self.paths.pop(0).open("rb")
            count = self.file.readinto(buffer)
            if count:
                return count
            # this part is at its end: go on with the next
            self.file.close()
            self.file = None
        return 0

    def close(self) -> None:
        if self.file:
            self.file.close()
        super().close()


class _TarMember(tarfile.TarInfo):
    """A header of a tar archive; a damaged one is an error (tarfile would take it for the end)."""

    @classmethod
    def fromtarfile(cls, archive):
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # the proper end
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error


def safe_name(name: str, keep: int = 0) -> PurePosixPath:
    """Return the path of a member relative to the folder that it is unpacked into.

    Args:
        name: name of the member in the archive.
        keep: how many last parts of the name stay; 0 for all.

    Raises:
        ValueError: a name that is absolute, climbs out of the folder, or means another thing on
            another system.

    Example:
        >>> safe_name("oxbuild/images/all_souls.jpg", keep=1)
        PurePosixPath('all_souls.jpg')
        >>> safe_name("../.bashrc")
        Traceback (most recent call last):
        ValueError: the member '../.bashrc' would not stay in its folder
    """
    path = PurePosixPath(name)
    leaves_folder = path.is_absolute() or ".." in path.parts or not path.parts
    # a backslash or a drive is a folder on Windows, and control characters deceive a terminal
    is_ambiguous = "\\" in name or any(ord(letter) < 32 for letter in name)
    if leaves_folder or is_ambiguous or ":" in path.parts[0]:
        raise ValueError(f"the member {in_one_line(name)!r} would not stay in its folder")
    return PurePosixPath(*path.parts[-keep:])


def unpack(
    archives: Path | list[Path], folder: str | Path, keep: int = 0, limit: float = float("inf")
) -> int:
    """Unpack a .tar, .tar.gz or .zip archive into a folder; return the number of files.

    Members are written to a hidden folder first and moved to their places only when the whole
    archive has been read and its checksums are right. So a hostile or broken archive leaves
    nothing, and after a kill the next call starts again.

    Args:
        archives: the archive, or its parts in order.
        folder: where the contents go; it is made if it is absent.
        keep: how many last parts of a member's name stay (1: only the file's own name; 0: all).
        limit: bytes that the contents may have at most.

    Raises:
        ValueError: broken or cut off; a name that leaves the folder or comes twice; a link or a
            device; too large.
        OSError: disk full, folder not writable.
    """
    if isinstance(archives, Path):
        archives = [archives]
    folder = Path(folder)

    # start with an empty staging folder; a kill may have left one
    staging = folder / f".unpacking-{archives[0].name}"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        # 1. write everything to the staging folder, 2. move each file to its place
        names = _stage(archives, staging, keep, limit)
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).replace(folder / name)
    except BROKEN as error:
        raise ValueError(
            f"{archives[0]}: a broken archive ({in_one_line(str(error), 200)}); nothing was "
            f"unpacked: delete it and fetch it again"
        ) from error
    except ValueError as error:
        raise ValueError(f"{archives[0]}: refused, nothing was unpacked: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return len(names)


def _stage(archives: list[Path], staging: Path, keep: int, limit: float) -> list[PurePosixPath]:
    """Write all members to the staging folder and return their names in it."""
    is_zip = zipfile.is_zipfile(archives[0])
    members = _zip_members(archives[0]) if is_zip else _tar_members(archives)
    names: dict[PurePosixPath, str] = {}  # name in the folder -> name in the archive
    total = 0
    for name, size, open_member in members:
        # refuse what would leave the folder, overwrite another member or fill the disk
        target = safe_name(name, keep)
        if target in names:
            raise ValueError(
                f"the members {in_one_line(names[target])!r} and {in_one_line(name)!r} would "
                f"become one file"
            )
        names[target] = name
        total += size
        if total > limit:
            raise ValueError(f"its contents exceed the {limit / 1e9:.1f} GB that were announced")

        # copy the bytes alone: modes, owners and clocks of the archive are not taken over
        (staging / target).parent.mkdir(parents=True, exist_ok=True)
        with open_member() as source, (staging / target).open("wb") as file:
            shutil.copyfileobj(source, file)
    return list(names)


def _tar_members(archives: list[Path]) -> Iterator[Member]:
    """Yield the files of a tar archive, plain or gzipped, and read it to the end."""
    with io.BufferedReader(_JoinedFiles(archives), BUFFER) as raw:
        is_gzip = raw.peek(2)[:2] == GZIP_MAGIC
        with (
            gzip.GzipFile(fileobj=raw) if is_gzip else raw as plain,
            tarfile.open(fileobj=plain, mode="r|", tarinfo=_TarMember) as tar,
        ):
            for member in tar:
                if member.isdir():
                    continue  # folders are made as files need them
                if not member.isreg():
                    raise ValueError(
                        f"the member {in_one_line(member.name)!r} is a link or a device, not a file"
                    )
                yield member.name, member.size, partial(tar.extractfile, member)
            # gzip compares its checksum at the very end
            while plain.read(BUFFER):
                pass


def _zip_members(archive: Path) -> Iterator[Member]:
    """Yield the files of a zip archive; their checksums are compared as they are read."""
    with zipfile.ZipFile(archive) as content:
        for member in content.infolist():
            file_type = (member.external_attr >> 28) & 0xF  # where Unix keeps it
            if file_type not in ZIP_FILE_TYPES:
                raise ValueError(
                    f"the member {in_one_line(member.filename)!r} is a link or a device, not a file"
                )
            if member.flag_bits & ENCRYPTED:
                raise ValueError(f"the member {in_one_line(member.filename)!r} is encrypted")
            if not member.is_dir():
                yield member.filename, member.file_size, partial(content.open, member)
