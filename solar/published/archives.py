"""Archives from strangers: nothing lands outside the folder, no links, no devices, all or nothing."""

import gzip
import io
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    gzip.BadGzipFile,
    NotImplementedError,
)


class _Joined(io.RawIOBase):
    """The parts of one archive, read as if they were one file."""

    def __init__(self, paths: list[Path]):
        self.paths, self.file = list(paths), None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while self.file or self.paths:
            self.file = self.file or open(self.paths.pop(0), "rb")
            if count := self.file.readinto(buffer):
                return count
            self.file.close()
            self.file = None
        return 0

    def close(self):
        if self.file:
            self.file.close()
        super().close()


class _Member(tarfile.TarInfo):
    """A header of a tar archive; a damaged one is an error, where tarfile would take it for the
    end.
    """

    @classmethod
    def fromtarfile(cls, archive):
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # the proper end
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error


def safe_name(name: str, keep: int = 0) -> PurePosixPath:
    """Where a member goes, relative to the folder: the last `keep` parts of its name (0: all).

    Raises:
        ValueError: a name that is absolute, climbs out of the folder, or means another thing on
            another system.
    """
    path = PurePosixPath(name)
    bad = (
        path.is_absolute()
        or ".." in path.parts
        or not path.parts
        or "\\" in name
        or ":" in path.parts[0]
    )
    if bad or any(ord(letter) < 32 for letter in name):
        raise ValueError(f"the member {name!r} would not stay in its folder")
    return PurePosixPath(*path.parts[-keep:])


def unpack(
    archives: Path | list[Path], folder: str | Path, keep: int = 0, limit: float = float("inf")
) -> int:
    """Unpack a .tar, .tar.gz or .zip (or the parts of one, in order) into `folder`; returns the
    number of files.

    Members are written to a hidden folder first and take their places only once the whole archive
    has been read and its checksum is right; so a hostile or broken one leaves nothing, and after a
    kill the next call does it anew.

    Args:
        keep: how many last parts of a member's name stay (1: only the file's own name; 0: all).
        limit: bytes that the contents may have at most.

    Raises:
        ValueError: broken, cut off, a name that leaves the folder or comes twice, a link, a device,
            too large.
        OSError: disk full, folder not writable.
    """
    archives, folder = [archives] if isinstance(archives, Path) else list(archives), Path(folder)
    staging = folder / f".unpacking-{archives[0].name}"
    shutil.rmtree(staging, ignore_errors=True)  # what a kill has left
    staging.mkdir(parents=True)
    try:
        names = _stage(archives, staging, keep, limit)
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staging / name, folder / name)
    except BROKEN as error:
        message = f"{archives[0]}: a broken archive ({error}); nothing was unpacked: delete it and fetch it again"
        raise ValueError(message) from error
    except ValueError as error:
        raise ValueError(f"{archives[0]}: refused, nothing was unpacked: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return len(names)


def _stage(archives: list[Path], staging: Path, keep: int, limit: float) -> list[PurePosixPath]:
    names: dict[PurePosixPath, str] = {}
    total = 0
    for name, size, write in (
        _zip(archives[0]) if zipfile.is_zipfile(archives[0]) else _tar(archives)
    ):
        target = safe_name(name, keep)
        if target in names:
            raise ValueError(f"the members {names[target]!r} and {name!r} would become one file")
        names[target] = name
        total += size
        if total > limit:
            raise ValueError(f"its contents exceed the {limit / 1e9:.1f} GB that were announced")
        (staging / target).parent.mkdir(parents=True, exist_ok=True)
        write(staging, target)
    return list(names)


def _tar(archives: list[Path]) -> Iterator[tuple]:
    """(name, size, write) of each file in a tar archive, plain or gzipped; reads to the end, so
    checksums count.
    """
    with io.BufferedReader(_Joined(archives), 1 << 20) as raw:
        zipped = raw.peek(2)[:2] == b"\x1f\x8b"
        with (
            gzip.GzipFile(fileobj=raw) if zipped else raw as plain,
            tarfile.open(fileobj=plain, mode="r|", tarinfo=_Member) as tar,
        ):
            for member in tar:
                if not (member.isreg() or member.isdir()):
                    raise ValueError(
                        f"the member {member.name!r} is a link or a device, not a file"
                    )
                if member.isdir():
                    continue  # made as files need them

                def write(staging, target, member=member):
                    plainly = member.replace(name=str(target), mode=0o644, mtime=None, deep=False)
                    tar.extract(plainly, staging, filter="data")

                yield member.name, member.size, write
            while plain.read(1 << 20):
                pass


def _zip(archive: Path) -> Iterator[tuple]:
    with zipfile.ZipFile(archive) as content:
        for member in content.infolist():
            kind = (
                member.external_attr >> 28
            ) & 0xF  # of Unix: 8 a file, 4 a folder, 10 a link; 0 unknown
            if kind not in (0, 4, 8):
                raise ValueError(
                    f"the member {member.filename!r} is a link or a device, not a file"
                )
            if member.flag_bits & 1:
                raise ValueError(f"the member {member.filename!r} is encrypted")
            if member.is_dir():
                continue

            def write(staging, target, member=member):
                with content.open(member) as source, open(staging / target, "wb") as file:
                    shutil.copyfileobj(source, file)

            yield member.filename, member.file_size, write
