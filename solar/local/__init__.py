"""Patches, and two photographs of one thing.

========  =====================================================================================
matching  keypoints -> patches -> descriptors -> matches -> geometry
metrics   how good local descriptors are: FPR95, matching accuracy, pose
hpatches  HPatches: its files and its three tasks
========  =====================================================================================
"""

from .hpatches import load_hpatches, load_hpatches_tasks, load_sequences
from .matching import (
    cut_patches,
    describe_keypoints,
    describe_patches,
    detect,
    match,
    match_images,
    verify_geometry,
)
from .metrics import fpr95, matching_accuracy, pose_error, relative_pose

__all__ = [
    "cut_patches",
    "describe_keypoints",
    "describe_patches",
    "detect",
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
