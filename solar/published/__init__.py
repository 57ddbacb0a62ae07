"""Getting published files.

=========  ====================================================================================
catalogue  what has been published, where it lies, what it takes and what it is for
fetch      an entry of the catalogue, fetched, verified and unpacked
http       one file: mirrors, retries, resume, checksums
archives   tar, zip and gzip files, unpacked without trusting them
=========  ====================================================================================
"""

from .catalogue import ENTRIES, Entry, File
from .fetch import fetch, file_states

__all__ = ["ENTRIES", "Entry", "File", "fetch", "file_states"]
