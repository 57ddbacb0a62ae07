"""The ablation tool: its tables on a tiny world."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from solar.nets import GlobalNet, SecondOrderAttention
from solar.training.trunk_maps import run_from
from solar.world import Recipe, recipes, write

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def experiments(monkeypatch):
    """The modules of tools/experiments."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    names = ("agreement", "fine_tuning", "frozen", "one_block", "reader", "registry")
    names += ("relations", "running", "tables")
    modules = {name: importlib.import_module(f"experiments.{name}") for name in names}
    modules["running"].table_of.cache_clear()
    return SimpleNamespace(**modules)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Return a tiny training set, and a tiny benchmark that is not used for anything else."""
    root = tmp_path_factory.mktemp("world")
    recipe = Recipe("train", 10_000, 16, 3)
    train = write(recipe, root / "train", "tiny", workers=1, progress=False)
    recipe = Recipe("benchmark", 400_000, 2, 4, queries=2)
    folder = write(recipe, root / "seen", "seen", workers=1, progress=False)
    return SimpleNamespace(train=train, truth=folder / "gnd_seen.pkl")


SMALL = dict(epochs=2, queries_per_epoch=4, batch_size=2, photos_per_landmark=3, negatives=1)


@pytest.fixture
def tiny(experiments, world, monkeypatch):
    """Return the modules in a tiny world: two arms, two rates, two seeds, one benchmark."""
    modules = (experiments.fine_tuning, experiments.one_block, experiments.agreement)
    for module in (*modules, importlib.import_module("experiments.trained")):
        for name, value in dict(ARMS=("none", "soa"), RATES=(1e-3, 3e-3), SEEDS=(0, 1)).items():
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)
    for name in ("trained.Trained", "relations.Relations"):
        monkeypatch.setattr(f"experiments.{name}.rates", (1e-3, 3e-3))
    monkeypatch.setattr(experiments.fine_tuning.FineTuning, "choosing_epochs", 1)
    classes = (
        experiments.fine_tuning.Mini,
        experiments.one_block.Crowd,
        experiments.agreement.Agreement,
    )
    for each in classes:
        monkeypatch.setattr(each, "data", str(world.train))
        monkeypatch.setattr(each, "needs", (str(world.train),))
        monkeypatch.setattr(each, "start", "mini-gem")
        monkeypatch.setattr(each, "benchmarks", (str(world.truth),))
        monkeypatch.setattr(each, "common", each.common | SMALL)
    # the start is perfect in so small a world; yet all arms shall learn
    monkeypatch.setattr(experiments.fine_tuning.Mini, "start_may_win", False)
    monkeypatch.setattr(experiments.fine_tuning.Mini, "weights", (2.0,))
    monkeypatch.setattr(experiments.fine_tuning.Mini, "triplet_rates", (1e-5,))
    monkeypatch.setattr(experiments.fine_tuning.Mini, "triplet_seeds", (0,))
    monkeypatch.setattr(experiments.agreement, "WEIGHTS", (2.0,))
    monkeypatch.setattr(experiments.agreement, "LANDMARKS", (4, 8))
    monkeypatch.setattr(experiments.agreement, "GAP", 2)
    return experiments


def run_table(tiny, name, tmp_path, processes=1, test=False):
    """Do all that is missing in a table; return its results."""
    tiny.running.run_table(name, tmp_path / "work", tmp_path, processes, test)
    return json.loads((tmp_path / f"{name}.json").read_text())


@pytest.mark.slow
def test_a_table_has_all_arms_seeds_and_measures(tiny, world, tmp_path):
    results = run_table(tiny, "mini", tmp_path)
    # two arms, two rates, weight 0 and one more
    assert len(results["choosing"]) == 8
    assert {run["seed"] for run in results["choosing"]} == {tiny.tables.CHOOSING_SEED}
    # two arms, with weight 0 and with the other, two seeds
    assert len(results["runs"]) == 8
    assert len(results["triplets"]) == 1
    for run in [*results["start"], *results["runs"], *results["triplets"]]:
        assert len(run["ap"][str(world.truth)]["medium"]) == 4
    assert all("ap" not in run for run in results["choosing"])
    # the question stands beside the answer
    assert results["plan"]["primary"]["b"] == "identity"
    # distances are logged from the start on
    assert [entry["epoch"] for entry in results["triplets"][0]["log"]] == [0, 1, 2]
    assert "held_out_nearest" in results["triplets"][0]["log"][0]


@pytest.mark.slow
def test_what_is_done_is_kept_and_what_is_lost_is_made_again_to_the_bit(tiny, tmp_path, capsys):
    whole = run_table(tiny, "mini", tmp_path)
    records = tmp_path / "work" / "mini" / "records"
    lost = [*sorted(records.glob("runs_*"))[:2], *sorted(records.glob("choosing_*"))[:1]]
    for path in lost:
        path.unlink()
    # a kill while a file was written leaves its temporary file, which nobody reads
    (records / ".1-abc.tmp").write_text("{")
    capsys.readouterr()
    again = run_table(tiny, "mini", tmp_path)
    assert len(capsys.readouterr().out.splitlines()) == len(lost)
    for part in ("choosing", "runs"):
        for one, other in zip(whole[part], again[part], strict=True):
            assert one["sha256"] == other["sha256"]
            assert one["held_out"] == other["held_out"]


@pytest.mark.slow
def test_other_weights_are_refused(tiny, tmp_path):
    run_table(tiny, "mini", tmp_path)
    folder = tmp_path / "work" / "mini"
    some = sorted((folder / "weights").glob("runs_*.pt"))
    some[0].write_bytes(some[1].read_bytes())
    for path in (folder / "records").glob("ap_*"):
        path.unlink()
    with pytest.raises(ValueError, match=r"not the weights of that run"):
        run_table(tiny, "mini", tmp_path)


@pytest.mark.slow
def test_a_benchmark_that_comes_later_is_measured_later(tiny, tmp_path, world, monkeypatch):
    monkeypatch.setattr(tiny.fine_tuning.Mini, "benchmarks", ())
    before = run_table(tiny, "mini", tmp_path)
    assert all("ap" not in run for run in before["runs"])
    # the test set is read when that is asked for, and only then
    monkeypatch.setattr(tiny.fine_tuning.Mini, "test", str(world.truth))
    assert all("ap" not in run for run in run_table(tiny, "mini", tmp_path)["runs"])
    after = run_table(tiny, "mini", tmp_path, test=True)
    assert all(str(world.truth) in run["ap"] for run in after["runs"])
    assert [run["sha256"] for run in after["runs"]] == [run["sha256"] for run in before["runs"]]


@pytest.mark.slow
def test_agreement_of_every_setting(tiny, world, tmp_path):
    results = run_table(tiny, "agreement", tmp_path)
    # two numbers of landmarks; weight 0, and one weight in two forms; two seeds
    assert len(results["runs"]) == 2 * 3 * 2
    for run in results["runs"]:
        assert len(run["held_out_ap"]) == len(run["held_out_agreement"])
        assert len(run["train_gap_ap"]) == len(run["held_out_gap_ap"]) == 2
        assert ("agreement" in run) == (run["landmarks"] == 8)


@pytest.mark.slow
def test_one_block_on_maps(tiny, world, tmp_path, monkeypatch):
    monkeypatch.setattr(
        tiny.one_block, "strata_of", lambda benchmark, _: np.zeros(len(benchmark.images), int)
    )
    results = run_table(tiny, "crowd", tmp_path)
    assert len(results["runs"]) == 4
    for run in results["runs"]:
        assert len(run["ap"][str(world.truth)]["medium"]) == 4
        assert len(run["strata"][str(world.truth)]["0"]) == 4
    # both arms start from the same whitening; only one has a block
    assert len({run["sha256"] for run in results["runs"]}) == 4


@pytest.fixture(scope="session")
def places(tmp_path_factory):
    """Return tiny sets in which only relations tell."""
    root = tmp_path_factory.mktemp("places")
    recipe = recipes.Relations("train", 700_000, 16, 3)
    train = write(recipe, root / "train", "tiny", workers=1, progress=False)
    recipe = recipes.Relations("benchmark", 700_300, 4, 2, queries=1)
    folder = write(recipe, root / "seen", "seen", workers=1, progress=False)
    return SimpleNamespace(train=train, truth=folder / "gnd_seen.pkl")


@pytest.mark.slow
def test_one_block_behind_a_reader(tiny, places, tmp_path, monkeypatch):
    table = tiny.relations.Relations
    monkeypatch.setattr(table, "data", str(places.train))
    monkeypatch.setattr(table, "needs", (str(places.train),))
    monkeypatch.setattr(table, "start", "mini-gem")
    monkeypatch.setattr(table, "stage", "soa5")
    monkeypatch.setattr(table, "benchmarks", (str(places.truth),))
    monkeypatch.setattr(table, "common", table.common | SMALL)
    monkeypatch.setattr(tiny.relations, "READ", dict(train=12, val=6))
    monkeypatch.setattr(tiny.reader, "STEPS", 20)
    results = run_table(tiny, "relations", tmp_path)
    assert len(results["runs"]) == 4
    for run in results["runs"]:
        assert len(run["ap"][str(places.truth)]["medium"]) == 4
        assert len(run["twins"][str(places.truth)]) == 4
    assert len({run["sha256"] for run in results["runs"]}) == 4
    # where the positions are known, all four ways were measured
    ways = {(one["maps"], one["positions"]) for one in results["known"]}
    assert ways == {("raw", "all"), ("raw", "own"), ("read", "all"), ("read", "own")}
    assert len(results["looks"]) == 2
    assert all(0 <= one["even"] <= 100 for one in results["looks"])
    assert set(results["reader"][0]["accuracy"]) == {"shape", "colour", "nothing"}


def test_a_position_shows_what_fills_most_of_it(experiments):
    shapes = np.full((16, 48), -1)
    colours = np.full((16, 48), -1)
    own = np.zeros((16, 48), bool)
    shapes[:, :10], colours[:, :10] = 7, 2  # fills most of the first position; it is its own
    shapes[:, 10:16], colours[:, 10:16] = 3, 5
    own[:, :10] = True
    shapes[:4, 16:32], colours[:4, 16:32] = 1, 4  # fills a quarter of the second: too little
    found = experiments.reader.position_labels(shapes, colours, own)
    assert found[0].tolist() == [[7, 20, 20]]
    assert found[1].tolist() == [[2, 12, 12]]
    assert found[2].tolist() == [[True, False, False]]


def test_a_reader_reads_what_it_learnt(experiments, monkeypatch):
    monkeypatch.setattr(experiments.reader, "STEPS", 60)
    generator = torch.Generator().manual_seed(0)
    shapes = torch.randint(21, (8, 6, 6), generator=generator)
    colours = torch.where(shapes < 20, shapes % 12, 12)
    own = torch.zeros(8, 6, 6, dtype=torch.bool)
    maps = 5.0 * torch.nn.functional.one_hot(shapes, 24).permute(0, 3, 1, 2)  # (8, 24, 6, 6)
    labels = experiments.reader.Labels(shapes.numpy(), colours.numpy(), own.numpy())
    reader = experiments.reader.learn_reader(maps, labels, seed=0)
    assert experiments.reader.accuracy(reader, maps, labels) == dict(
        shape=100.0, colour=100.0, nothing=100.0
    )
    read = reader(maps)
    assert read.shape == (8, 32, 6, 6)
    # probabilities, three times: of shapes, then of colours
    on = shapes < 20
    assert (read[:, :20].sum(1)[on] > 2.5).all() and (read[:, :20].sum(1)[~on] < 0.5).all()
    assert (read <= 3).all() and (read >= 0).all()


def test_own_positions_look_evenly_where_all_is_alike(experiments):
    block = SecondOrderAttention(8, 1).eval()
    maps = torch.ones(1, 8, 2, 3)
    own = torch.tensor([[True, True, True, False, False, False]])
    # of the five other positions two are own
    assert experiments.relations.own_share(block, maps, own) == pytest.approx(2 / 5, rel=1e-4)


def test_known_positions_alone_are_pooled(experiments):
    maps = torch.tensor([[[[1.0, 2.0, 9.0]]]])
    weights = torch.tensor([[[True, True, False]]])
    found = experiments.relations.pooled(maps, weights)
    assert found.item() == pytest.approx(((1 + 8) / 2) ** (1 / 3), rel=1e-4)


def test_what_is_not_rendered_is_waited_for(experiments, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(experiments.fine_tuning.Mini, "needs", (str(tmp_path / "none"),))
    experiments.running.run_table("mini", tmp_path, tmp_path)
    assert "waits for" in capsys.readouterr().out
    assert not (tmp_path / "mini.json").exists()


def test_a_set_of_another_renderer_is_refused_and_stays_as_it_is(
    experiments, tmp_path, monkeypatch
):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    folder = tmp_path / "data" / "mini-gl18-tuning"
    folder.mkdir(parents=True)
    for name in ("recipe.json", "complete.json", "image.jpg"):
        (folder / name).write_text('{"version": -1}')
    assert not experiments.frozen.is_ready("mini-gl18-tuning")
    table = experiments.fine_tuning.Mini(tmp_path / "work")
    with pytest.raises(FileNotFoundError, match="another version of the renderer"):
        table.index("train")
    assert len(list(folder.iterdir())) == 3


def test_a_query_agrees_with_its_first_positive(experiments):
    # images 0 and 1 are the landmark's own; 2, 3, 4 are others
    database = torch.tensor([[1.0, 0], [0, 1], [0.9, 0.1], [0.5, 0.5], [0.1, 0.9]])
    queries = torch.tensor([[1.0, 0], [1.0, 0], [1.0, 0]])
    truth = [
        dict(easy=[0], hard=[1], junk=[]),  # the same list
        dict(easy=[], hard=[1], junk=[0]),  # the reverse
        dict(easy=[], hard=[], junk=[0]),
    ]
    found = experiments.agreement.agreement_with_positive(queries, database, truth)
    assert found == [1.0, -1.0, None]


def test_each_stratum_is_sought_for_itself(experiments):
    # own images 0 to 3 of strata 0, 1, 1, 2; a stranger, 4, is better than all but the first
    scores = torch.tensor([[0.9, 0.2, 0.7, 0.6, 0.8]])
    truth = [dict(easy=[1, 2], hard=[0, 3], junk=[])]
    strata = np.array([0, 1, 1, 2, 0])
    found = experiments.one_block.precisions_by_stratum(scores, truth, strata)
    # 0: first of all. 1: ranks 1 and 2 behind the stranger. 2: rank 1. A trapezium's area each
    assert found == {
        "0": [100.0],
        "1": [round(100 * ((0 + 1 / 2) / 2 + (1 / 2 + 2 / 3) / 2) / 2, 1)],
        "2": [25.0],
    }
    # a landmark without a view of a stratum has no number there
    none = experiments.one_block.precisions_by_stratum(scores, truth, np.array([0, 0, 0, 0, 5]))
    assert none["5"] == [None]


def test_a_batch_of_twins_shows_the_same_pictures_of_both(experiments):
    # pairs 10 and 11, 12 and 13; 14 has lost its twin; three pictures of each
    labels = np.repeat([10, 11, 12, 13, 14], 3)
    rng = np.random.default_rng(0)
    rows = experiments.relations.epoch_twins(labels, rng, steps=5, pairs=2, siblings=2)
    assert rows.shape == (20, 2)
    assert sorted(set(labels[rows].ravel())) == [10, 11, 12, 13]
    first = rows[0::2]
    second = rows[1::2]
    assert (labels[second] == labels[first] + 1).all()
    assert (second - first == 3).all()
    assert (first[:, 0] != first[:, 1]).all()


def test_twins_are_told_by_pictures_of_the_same_number(experiments):
    truth = [dict(easy=[0], hard=[1], junk=[]), dict(easy=[3], hard=[2], junk=[])]
    # picture 0 against 2, and 1 against 3; equal similarity tells nothing
    scores = torch.tensor([[0.9, 0.1, 0.8, 0.2], [0.5, 0.0, 0.5, 0.1]])
    assert experiments.relations.twins_told(scores, truth) == [50.0, 50.0]


def test_of_equal_scores_the_smaller_rate_is_chosen(experiments):
    records = [dict(rate=3, held_out=7), dict(rate=1, held_out=7), dict(rate=9, held_out=6)]
    assert experiments.tables.best(records, "rate")["rate"] == 1


def test_folding_leaves_the_descriptors_as_they_are(experiments):
    torch.manual_seed(0)
    net = GlobalNet("mini", soa="4").eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    maps = torch.randn(2, 96, 6, 8)
    before = net.head(run_from(net, maps, "soa4"))
    experiments.fine_tuning.fold(net)
    torch.testing.assert_close(net.head(run_from(net, maps, "soa4")), before, rtol=1e-4, atol=1e-5)


def test_agreement_leaves_out_the_landmarks_own_images(experiments):
    descriptors = torch.tensor([[1.0, 0], [1, 0], [0.9, 0.1], [0.1, 0.9], [0, 1.0], [0.5, 0.5]])
    labels = np.array([1, 1, 2, 2, 3, 3])
    values = experiments.agreement.agreement_by_landmark(descriptors, labels)
    assert values[0] == 1
    precisions = experiments.agreement.precision_by_landmark(descriptors, labels)
    assert precisions[0] == 100
