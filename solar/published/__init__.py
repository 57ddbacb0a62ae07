"""Getting published files: weights, benchmarks, training images, patches.

=========  ====================================================================================
catalogue  what has been published, where it lies, what it takes and what it is for
fetch      download, verify and unpack an entry of the catalogue
http       download one file: mirrors, retries, resume
verify     is there room for a file, and are its bytes the published ones
archives   unpack tar, zip and gzip files without trusting them
scores     what was published about networks, and which file is such a network
=========  ====================================================================================

Book: chapter 13 (the published models).
"""

from .catalogue import ENTRIES, Entry, File
from .fetch import fetch, file_states
from .scores import PublishedScores, network_of, published_scores

__all__ = [
    "ENTRIES",
    "Entry",
    "File",
    "PublishedScores",
    "fetch",
    "file_states",
    "network_of",
    "published_scores",
]
