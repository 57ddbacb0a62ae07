"""Constants of the published formats that `solar.world` writes and `solar.datasets` reads.

PhotoTour (Brown, Hua and Winder, 2011) keeps its patches in sheets: bitmaps of 16 x 16 patches of
64 x 64 pixels, in reading order. Nothing is imported here, so that a reader of the format does not
load the renderer.

Book: chapter 11 (a local descriptor).
"""

PATCH_SIDE = 64  # pixels: side of one patch
SHEET_SIDE = 16  # patches: a sheet has so many rows and so many columns of patches
PATCHES_PER_SHEET = SHEET_SIDE**2  # 256
SHEET_PIXELS = SHEET_SIDE * PATCH_SIDE  # 1024: side of one sheet in pixels
INFO_FILE = "info.txt"  # one line per patch: number of its point, number of its image
