"""SOLAR: second-order loss and attention for image retrieval (Ng et al., ECCV 2020).

The rooms of the package, in the order in which data flow. A room imports only from rooms above it
(`tests/test_layers.py`).

============  ====================================================================================
files         where data live, atomic writing, checksums, pickles that run nothing
images        decode, crop, shrink, normalise
distributed   several processes that work as one; the device to compute on
intervals     95 % intervals: bootstrap over queries and landmarks, Student's t over seeds
weights       the shipped networks and their data sheets
published     getting published files: what there is, downloads, archives
world         the mini world: landmarks, camera, light, renderer
datasets      published formats on disk: benchmarks, training images, patches
**nets**      an image becomes a vector: attention, pooling, networks, checkpoints
**search**    vectors become a ranked list and a score: describe, rank, evaluate
**local**     patches, and two photographs of one thing: match, verify, measure
**training**  how networks learn: losses, mining, one loop, three tasks
explorer      live figures: attention, losses, a ranked list, matches
plots         the figures of the book
checks        exercises that check themselves
doctor        what this machine can do
commands      the command line, `solar ...`, read by cli
============  ====================================================================================

An evening with the paper: `nets.attention`, `nets.global_net`, `training.losses`, `training.loop`
and `search.protocol`. Everything else is needed to run, not to understand.

Names are imported when they are first asked for (PEP 562), so that `import solar` costs nothing.
"""

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "checks",
        "datasets",
        "distributed",
        "doctor",
        "explorer",
        "files",
        "images",
        "intervals",
        "local",
        "nets",
        "plots",
        "published",
        "search",
        "training",
        "world",
    ],
    submod_attrs={
        "datasets": ["Benchmark", "load_benchmark"],
        "explorer": ["LossCircle", "MatchSlider", "RankedList", "SOAExplorer"],
        "files": ["home", "results"],
        "nets": [
            "GeM",
            "GlobalNet",
            "LocalNet",
            "SecondOrderAttention",
            "gem",
            "l2n",
            "load",
            "mac",
            "rmac",
            "save",
            "spoc",
        ],
        "search": [
            "Report",
            "Store",
            "describe",
            "evaluate",
            "ranks_by_counting",
            "score",
            "similarity",
            "top_k",
        ],
        "training": ["contrastive_loss", "second_order_loss", "triplet_loss"],
    },
)
