"""Patches, and two images of one thing.

==============  ===============================================================================
patches         cut out upright patches of keypoints, by one sampling call
keypoints       an image -> keypoints -> descriptors
matching        descriptors -> matches -> geometry; `match_images` does all of it
geometry        what matches agree on: a homography, a fundamental matrix
match_files     matches in a file: .csv or .npz
peers           matchers of others: XFeat, ALIKED, DISK, LightGlue (optional extra)
metrics         how good local descriptors are: FPR95, matching accuracy, pose
accuracy        how right matches are: precision, recall, matching score, homography
hpatches_files  HPatches on disk: patches, image sequences, lists of pairs
hpatches        its three tasks: verification, matching, retrieval
==============  ===============================================================================

Book: chapters 11 (a local descriptor) and 12 (matching two photographs).
"""

from .accuracy import corner_error, count_right, error_auc, under_homography
from .hpatches import load_hpatches, load_hpatches_tasks, load_sequences
from .keypoints import (
    LocalFeatures,
    describe_keypoints,
    describe_patches,
    detect,
    detect_and_describe,
)
from .match_files import write_matches
from .matching import Geometry, Matching, match, match_images, verify_geometry
from .metrics import fpr95, matching_accuracy, pose_error, relative_pose
from .patches import cut_patches
from .peers import PEERS, match_by_peer

__all__ = [
    "PEERS",
    "Geometry",
    "LocalFeatures",
    "Matching",
    "corner_error",
    "count_right",
    "cut_patches",
    "describe_keypoints",
    "describe_patches",
    "detect",
    "detect_and_describe",
    "error_auc",
    "fpr95",
    "load_hpatches",
    "load_hpatches_tasks",
    "load_sequences",
    "match",
    "match_by_peer",
    "match_images",
    "matching_accuracy",
    "pose_error",
    "relative_pose",
    "under_homography",
    "verify_geometry",
    "write_matches",
]
