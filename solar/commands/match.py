"""`solar match`: two images, keypoint by keypoint."""

import argparse
import json
from pathlib import Path

from . import EXAMPLES

# as in solar.local, which is imported only when the command runs
DETECTORS = ("sift", "orb")
MODELS = ("homography", "fundamental")


def add(commands: argparse._SubParsersAction) -> None:
    """Describe the command and its options."""
    parser = commands.add_parser(
        "match",
        help="match two images of one thing",
        formatter_class=EXAMPLES,
        description="Find keypoints in two images, describe them, match them, and check the\n"
        "matches by geometry.",
        epilog="examples:\n"
        "  solar match a.jpg b.jpg -o matches.png\n"
        "  solar match a.jpg b.jpg --net local-solar-345-liberty --model fundamental",
    )
    parser.add_argument("a", help="the first image")
    parser.add_argument("b", help="the second image, of the same thing")
    parser.add_argument(
        "--net",
        default="mini-solar-local",
        help="the local network that describes the keypoints: the name of a shipped or published "
        "one, a weights file, or 'sift' for RootSIFT (%(default)s)",
    )
    parser.add_argument(
        "--detector",
        choices=DETECTORS,
        default="sift",
        help="the method that finds the keypoints (%(default)s)",
    )
    parser.add_argument(
        "--count",
        type=int,
        default=2000,
        help="the largest number of keypoints per image (%(default)s)",
    )
    parser.add_argument(
        "--ratio",
        type=float,
        default=0.8,
        help="keep a match only if the nearest descriptor is nearer than this times the second "
        "nearest (%(default)s)",
    )
    parser.add_argument(
        "--model",
        choices=MODELS,
        default="homography",
        help="what the matches should agree on: a homography (a plane, or a camera that only "
        "turned) or a fundamental matrix (%(default)s)",
    )
    parser.add_argument("-o", "--output", help="the image file to draw the matches into")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON for a script")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Match the images, print the counts, draw the matches if asked for."""
    from ..files import check_output
    from ..local import match_images
    from ..nets import load_local

    # before the work is done: the drawing must not take the place of what it is made from
    if arguments.output:
        check_output(arguments.output, [arguments.a, arguments.b, arguments.net])

    net = "sift" if arguments.net == "sift" else load_local(arguments.net)
    matching = match_images(
        net,
        arguments.a,
        arguments.b,
        detector=arguments.detector,
        count=arguments.count,
        ratio=arguments.ratio,
        model=arguments.model,
    )
    # what came out, as numbers or as words
    counts = dict(
        keypoints_a=len(matching.a),
        keypoints_b=len(matching.b),
        matches=len(matching.matches),
        inliers=int(matching.geometry.inliers.sum()),
    )
    print(json.dumps(counts, indent=2) if arguments.json else _words(counts, arguments.model))

    # the drawing, only if asked for: matplotlib takes a second to import
    if arguments.output:
        from ..plots import save_matches

        print(save_matches(arguments.a, arguments.b, matching, Path(arguments.output)))
    return 0


def _words(counts: dict[str, int], model: str) -> str:
    """Say the counts in one line."""
    return (
        f"{counts['keypoints_a']} and {counts['keypoints_b']} keypoints, "
        f"{counts['matches']} matches; {counts['inliers']} of them agree on one {model}"
    )
