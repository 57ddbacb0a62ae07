"""Getting published files: weights, benchmarks, training images, patches.

=========  ====================================================================================
catalogue  what has been published, where it lies, what it takes and what it is for
fetch      download, verify and unpack an entry of the catalogue
http       download one file: mirrors, retries, resume
verify     is there room for a file, and are its bytes the published ones
archives   unpack tar, zip and gzip files without trusting them
=========  ====================================================================================

Book: chapter 13 (the published models).
"""

from .catalogue import ENTRIES, Entry, File
from .fetch import fetch, file_states

__all__ = ["ENTRIES", "Entry", "File", "fetch", "file_states"]
