"""The commands of `solar`, a module each: `add(commands)` describes its options and names the function that runs."""

import argparse

EXAMPLES = argparse.RawDescriptionHelpFormatter  # keeps the line ends of a command's examples
