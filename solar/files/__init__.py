"""Files: where data live, writing them whole, and reading those of strangers; nothing heavy.

========  =========================================================================================
storage   the folder of data, files that are never half-written, checksums
text      what messages quote, and lists of names in any encoding
pickles   pickles of plain data, without running anything in them
opencv    OpenCV's image files under any name
optional  libraries that only some work needs
results   results that took hours, kept with the package
========  =========================================================================================
"""

from .opencv import imread, imwrite
from .optional import optional
from .pickles import PLAIN_NUMPY, load_pickle
from .results import results
from .storage import atomic, check_output, home, sha256
from .text import in_one_line, name_in, read_lines

__all__ = [
    "PLAIN_NUMPY",
    "atomic",
    "check_output",
    "home",
    "imread",
    "imwrite",
    "in_one_line",
    "load_pickle",
    "name_in",
    "optional",
    "read_lines",
    "results",
    "sha256",
]
