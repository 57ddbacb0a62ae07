"""`solar match`: two images, keypoint by keypoint."""

import argparse
import json
from pathlib import Path

from .. import weights
from . import EXAMPLES

# as in solar.local, which is imported only when the command runs
DETECTORS = ("sift", "orb", "brisk")
MODELS = ("homography", "fundamental")
PEERS = (
    "sift+mnn",
    "sift+lightglue",
    "xfeat+mnn",
    "xfeat+lighterglue",
    "aliked+mnn",
    "aliked+lightglue",
    "disk+mnn",
    "disk+lightglue",
)

DETECTOR = "sift"  # unless another one is asked for
RATIO = 0.8
MODEL_WORDS = {"homography": "homography", "fundamental": "fundamental matrix"}


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
        "  solar match a.jpg b.jpg --net local-solar-345-liberty --model fundamental\n"
        "  solar match a.jpg b.jpg --net aliked+lightglue --matches matches.csv",
    )
    parser.add_argument("a", help="the first image")
    parser.add_argument("b", help="the second image, of the same thing")
    _add_method(parser)
    _add_geometry(parser)
    parser.add_argument("-o", "--output", help="the image file to draw the matches into")
    parser.add_argument(
        "--matches",
        metavar="FILE",
        help="the file to write the matches into: a table (.csv) or NumPy arrays (.npz) of the "
        "matched points in pixels, and which of them are inliers",
    )
    parser.add_argument("--json", action="store_true", help="print the counts as JSON for a script")
    parser.set_defaults(run=run)


def _add_method(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how keypoints are found, described and matched."""
    parser.add_argument(
        "--net",
        default="mini-solar-local",
        help="the local network that describes the keypoints: the name of a shipped or published "
        f"one ({', '.join(weights.names('local'))} ...), a weights file, or 'sift' for RootSIFT; "
        "or a matcher of others, which needs the optional extra 'match': "
        f"{', '.join(PEERS)} (%(default)s)",
    )
    parser.add_argument(
        "--detector",
        choices=DETECTORS,
        help=f"the method that finds the keypoints ({DETECTOR}); not for a matcher of others, "
        "which has its own",
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
        help="keep a match only if the nearest descriptor is nearer than this times the second "
        f"nearest ({RATIO}); not for a matcher of others, which has its own rule",
    )


def _add_geometry(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how the matches are verified."""
    parser.add_argument(
        "--model",
        choices=MODELS,
        default="homography",
        help="what the matches should agree on: a homography (a plane, or a camera that only "
        "turned) or a fundamental matrix (%(default)s)",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=3.0,
        help="the number of pixels by which an inlier may lie off the place or the line that the "
        "model gives (%(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Match the images, print the counts, write and draw the matches if asked for."""
    from ..local.match_files import write_matches

    _check(arguments)
    matching = _match(arguments)

    # what came out, as numbers or as words
    counts = dict(
        keypoints_a=len(matching.a),
        keypoints_b=len(matching.b),
        matches=len(matching.matches),
        inliers=int(matching.geometry.inliers.sum()),
        model=arguments.model,
        threshold=arguments.threshold,
        verified=matching.geometry.matrix is not None,
    )
    print(json.dumps(counts, indent=2) if arguments.json else _words(counts))
    if arguments.matches:
        print(write_matches(matching, arguments.matches))

    # the drawing, only if asked for: matplotlib takes a second to import
    if arguments.output:
        from ..plots import save_matches

        print(save_matches(arguments.a, arguments.b, matching, Path(arguments.output)))
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what cannot end well, before the work is done."""
    from ..files import check_output
    from ..local.match_files import check_ending
    from ..local.peers import peer_name

    # no output may take the place of what it is made from, or of the other output
    inputs = [arguments.a, arguments.b, arguments.net]
    for output in filter(None, (arguments.output, arguments.matches)):
        check_output(output, inputs)
    if arguments.matches:
        check_ending(arguments.matches)
        if (
            arguments.output
            and Path(arguments.output).resolve() == Path(arguments.matches).resolve()
        ):
            raise ValueError(f"{arguments.matches}: both outputs have this name; choose two")

    if not arguments.threshold > 0:
        raise ValueError(f"threshold={arguments.threshold}: expected pixels above zero")
    if peer_name(arguments.net) and (arguments.detector or arguments.ratio is not None):
        raise ValueError(
            f"{arguments.net} finds and matches keypoints in its own way: --detector and --ratio "
            "do not go with it"
        )


def _match(arguments: argparse.Namespace):
    """Match the images by a local network, RootSIFT or a matcher of others."""
    from ..local import match_images
    from ..local.peers import match_by_peer, peer_name
    from ..nets import load_local

    if peer_name(arguments.net):
        return match_by_peer(
            arguments.net,
            arguments.a,
            arguments.b,
            count=arguments.count,
            model=arguments.model,
            threshold=arguments.threshold,
        )
    return match_images(
        "sift" if arguments.net == "sift" else load_local(arguments.net),
        arguments.a,
        arguments.b,
        detector=arguments.detector or DETECTOR,
        count=arguments.count,
        ratio=RATIO if arguments.ratio is None else arguments.ratio,
        model=arguments.model,
        threshold=arguments.threshold,
    )


def _words(counts: dict) -> str:
    """Say in one line how many matches there are, and what was verified."""
    found = (
        f"{counts['keypoints_a']} and {counts['keypoints_b']} keypoints, "
        f"{counts['matches']} matches; "
    )
    model = MODEL_WORDS[counts["model"]]
    if not counts["verified"]:
        return f"{found}{counts['inliers']} of them agree on one {model}: none was found"
    return (
        f"{found}{counts['inliers']} of them agree on one {model} to within "
        f"{counts['threshold']:g} pixels (MAGSAC++)"
    )
