"""Patches, and two images of one thing.

==============  ===============================================================================
patches         cut out upright patches of keypoints, by one sampling call
keypoints       an image -> keypoints -> descriptors
matching        descriptors -> matches -> geometry; `match_images` does all of it
metrics         how good local descriptors are: FPR95, matching accuracy, pose
hpatches_files  HPatches on disk: patches, image sequences, lists of pairs
hpatches        its three tasks: verification, matching, retrieval
==============  ===============================================================================

Book: chapters 11 (a local descriptor) and 12 (matching two photographs).
"""

from .hpatches import load_hpatches, load_hpatches_tasks, load_sequences
from .keypoints import (
    LocalFeatures,
    describe_keypoints,
    describe_patches,
    detect,
    detect_and_describe,
)
from .matching import Geometry, Matching, match, match_images, verify_geometry
from .metrics import fpr95, matching_accuracy, pose_error, relative_pose
from .patches import cut_patches

__all__ = [
    "Geometry",
    "LocalFeatures",
    "Matching",
    "cut_patches",
    "describe_keypoints",
    "describe_patches",
    "detect",
    "detect_and_describe",
    "fpr95",
    "load_hpatches",
    "load_hpatches_tasks",
    "load_sequences",
    "match",
    "match_images",
    "matching_accuracy",
    "pose_error",
    "relative_pose",
    "verify_geometry",
]
