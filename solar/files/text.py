"""Texts of strangers: what messages quote, and lists of names in any encoding.

1. `in_one_line`: what messages quote
2. `read_lines`: lists of names
3. `name_in`: names in old pickles and arrays of bytes
"""

import codecs
import reprlib
from numbers import Integral
from pathlib import Path, PurePath

# how a text file begins -> its encoding; UTF-32's mark begins as UTF-16's does
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

# ---- 1. messages


def in_one_line(words: object, most: int = 60) -> str:
    r"""Return words of strangers as one line of printable letters, for a message.

    Args:
        words: a text or a path; of anything else the beginning of its repr.
        most: letters that are quoted at most; the middle of a longer text is left away.

    Example:
        >>> in_one_line("two\nlines, with \u2028")
        'two\\nlines, with \\u2028'
        >>> in_one_line("x" * 1000, 12)
        'xxxx...xxxxx'
        >>> in_one_line([0] * 1000)
        '[0, 0, 0, 0, 0, 0, ...]'
    """
    # not the whole repr, which could be larger than memory
    text = str(words) if isinstance(words, str | PurePath) else reprlib.repr(words)
    if len(text) > most:
        left = most - 3
        text = f"{text[: left // 2]}...{text[len(text) - (left - left // 2) :]}"
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


# ---- 2. lists of names


def read_lines(path: str | Path, blank: bool = False) -> list[str]:
    r"""Read the lines of a text file that are not blank, whatever editor wrote it.

    The encoding is UTF-8 with or without a byte-order mark, or UTF-16 or UTF-32 with one. Bytes
    that are not UTF-8 are kept as Python keeps them in names of files (`surrogateescape`), so that
    a list can name any file there is. Lines end with `\n` or `\r\n` alone: names may hold the
    other characters that `str.splitlines` takes for ends.

    Args:
        path: the file.
        blank: keep blank lines, so that the lines can be numbered.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a text file, or one of another encoding.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "list.txt").write_bytes("\ufeffa.jpg\r\n\r\né.jpg".encode())
        ...     read_lines(Path(folder, "list.txt"))
        ['a.jpg', 'é.jpg']
    """
    content = Path(path).read_bytes()
    try:
        for mark, encoding in BYTE_ORDER_MARKS.items():
            if content.startswith(mark):
                text = content.decode(encoding)
                break
        else:
            text = content.decode("utf-8", "surrogateescape")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{in_one_line(path, 300)}: it begins as {encoding}, and is not ({error.reason}); save "
            f"it as UTF-8"
        ) from None
    if "\0" in text:
        raise ValueError(
            f"{in_one_line(path, 300)}: not a text file, or UTF-16 without its byte-order mark; "
            f"expected one name per line, in UTF-8"
        )
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines if blank else [line for line in lines if line.strip()]


# ---- 3. names


def name_in(value: object) -> str:
    """Return a name that a pickle or an array holds as text: UTF-8, or else Latin-1.

    In Python 2 a name was bytes, without a word about its encoding. What is UTF-8 throughout hardly
    ever is anything else; Latin-1, the encoding of the time, gives every other byte a letter.

    Args:
        value: a text (of a pickle read by `load_pickle`), bytes, or a whole number.

    Raises:
        TypeError: anything else.

    Example:
        >>> name_in("é".encode()), name_in("é".encode("latin-1")), name_in(7)
        ('é', 'é', '7')
    """
    if isinstance(value, str):
        # bytes that were not UTF-8 came as surrogates; all others stay as they are
        content = str(value).encode("utf-8", "surrogateescape")
    elif isinstance(value, bytes):
        content = bytes(value)
    elif isinstance(value, Integral):
        return str(int(value))
    else:
        raise TypeError(f"a name of type {type(value).__name__}")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
