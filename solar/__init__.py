"""SOLAR, second-order loss and attention for image retrieval (Ng et al., ECCV 2020), to read and to
run.
"""

from .datasets import Benchmark, load_benchmark
from .files import home
from .nets.attention import SecondOrderAttention
from .nets.checkpoints import load, save
from .nets.global_net import GlobalNet
from .nets.local_net import LocalNet
from .nets.pooling import GeM, gem, l2n, mac, rmac, spoc
from .search.describe import describe
from .search.protocol import Report, evaluate
from .search.ranking import ranks_by_counting, similarity, top_k
from .search.store import Store
from .training.losses import contrastive_loss, second_order_loss, triplet_loss

__version__ = "0.1.0"
__all__ = [
    "Benchmark",
    "GeM",
    "GlobalNet",
    "LocalNet",
    "Report",
    "SOAExplorer",
    "SecondOrderAttention",
    "Store",
    "contrastive_loss",
    "describe",
    "evaluate",
    "gem",
    "home",
    "l2n",
    "load",
    "load_benchmark",
    "mac",
    "ranks_by_counting",
    "rmac",
    "save",
    "second_order_loss",
    "similarity",
    "spoc",
    "top_k",
    "triplet_loss",
]


def __getattr__(name: str):
    """The explorer brings Jupyter's widgets with it: it is imported when it is first asked for."""
    if name == "SOAExplorer":
        from .explorer import SOAExplorer

        return SOAExplorer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
