"""From an image file to a tensor.

=======  ==========================================================================================
reading  decode, crop to a box, shrink, normalise
pixels   pixels of any depth and layout become 8-bit RGB; arrays and tensors as images
folders  which files are images, and all images in a folder
warping  an image as another camera would see it: homographies
=======  ==========================================================================================

Book: chapter 1 (finding a landmark again).
"""

from .folders import SUFFIXES, UNREADABLE_SUFFIXES, find_images, words_of
from .pixels import image_of, rgb_of, to_8_bits
from .reading import (
    MIN_SIDE,
    ImageSource,
    name_of,
    prepare,
    read_image,
    square,
    to_tensor,
)

__all__ = [
    "MIN_SIDE",
    "SUFFIXES",
    "UNREADABLE_SUFFIXES",
    "ImageSource",
    "find_images",
    "image_of",
    "name_of",
    "prepare",
    "read_image",
    "rgb_of",
    "square",
    "to_8_bits",
    "to_tensor",
    "words_of",
]
