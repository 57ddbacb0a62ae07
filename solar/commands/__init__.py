"""The commands of `solar`, a module each: `add(commands)` describes its options and names the
function that runs.
"""

import argparse

FLAWED = 3  # exit status: done, but something is not as it should be (2 is an error, 1 a crash)
EXAMPLES = argparse.RawDescriptionHelpFormatter  # keeps the line ends of a command's examples
