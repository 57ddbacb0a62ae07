"""The commands of `solar`, one module each.

`add(commands)` describes a command's options and names the function that runs it. Nothing heavy is
imported at the top of these modules: `solar --help` describes all of them.
"""

import argparse

FLAWED = 3  # exit status: done, but something is not as it should be (2 is an error, 1 a crash)
EXAMPLES = argparse.RawDescriptionHelpFormatter  # keeps the line ends of a command's examples
