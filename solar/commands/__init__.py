"""The commands of `solar`, one module each.

==========  ========================================================================================
data        make the mini world, fetch published files, or look at them
pretrain    make mini-gem or lite-gem, networks that training starts from
train       train a network with second-order attention and loss
extract     describe many images into a store
evaluate    score a network on a benchmark
explore     see where attention looks in a photograph
match       match two photographs
net         print the layers of a network
doctor      say what this machine can do
completion  let the shell complete commands and options
options     a dataclass of settings as the options of a command
comparing   the scores of `evaluate`, beside the published ones
==========  ========================================================================================

`add(commands)` describes a command's options and names the function that runs it. Nothing heavy is
imported at the top of these modules: `solar --help` describes all of them.
"""

import argparse

FLAWED = 3  # exit status: done, but something is not as it should be (2 is an error, 1 a crash)
EXAMPLES = argparse.RawDescriptionHelpFormatter  # keeps the line ends of a command's examples
