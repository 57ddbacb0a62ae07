"""`solar match`: two photographs, keypoint by keypoint."""

import json
from pathlib import Path

from . import EXAMPLES


def add(commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "match",
        help="match two photographs",
        formatter_class=EXAMPLES,
        description="Find keypoints in two photographs, describe them, match them, and check the matches by geometry.",
        epilog="examples:\n  solar match a.jpg b.jpg -o matches.png\n"
        "  solar match a.jpg b.jpg --net local-solar-345-liberty --model fundamental",
    )
    parser.add_argument("a", help="a photograph")
    parser.add_argument("b", help="another one of the same thing")
    parser.add_argument(
        "--net", default="mini-solar-local", help="mini-sosnet, mini-solar-local, a .pth file, or 'sift' (%(default)s)"
    )
    parser.add_argument(
        "--detector", choices=("sift", "orb"), default="sift", help="of keypoints (%(default)s)"
    )
    parser.add_argument(
        "--count", type=int, default=2000, help="keypoints of each at most (%(default)s)"
    )
    parser.add_argument(
        "--ratio", type=float, default=0.8, help="of the nearest to the second (%(default)s)"
    )
    parser.add_argument(
        "--model", choices=("homography", "fundamental"), default="homography", help="of the geometry (%(default)s)"
    )
    parser.add_argument("-o", "--output", help="picture of the matches to write")
    parser.add_argument("--json", action="store_true", help="print numbers for a script")
    parser.set_defaults(run=run)


def run(arguments) -> int:
    """Match, print the counts, draw."""
    from ..local import match_images
    from ..nets import LocalNet, load

    net = "sift" if arguments.net == "sift" else load(arguments.net)
    if not isinstance(net, (LocalNet, str)):
        raise ValueError(
            f"{arguments.net} describes whole pictures; expected a local network, or 'sift'"
        )
    options = dict(
        detector=arguments.detector,
        count=arguments.count,
        ratio=arguments.ratio,
        model=arguments.model,
    )
    found = match_images(net, arguments.a, arguments.b, **options)
    counts = dict(
        keypoints_a=len(found.a),
        keypoints_b=len(found.b),
        matches=len(found.matches),
        inliers=int(found.geometry.inliers.sum()),
    )
    if arguments.json:
        print(json.dumps(counts, indent=2))
    else:
        print(
            f"{counts['keypoints_a']} and {counts['keypoints_b']} keypoints, {counts['matches']} matches; "
            f"{counts['inliers']} of them agree on one {arguments.model}"
        )
    if arguments.output:
        from ..plots import save_matches  # matplotlib takes a second to import

        print(save_matches(arguments.a, arguments.b, found, Path(arguments.output)))
    return 0
