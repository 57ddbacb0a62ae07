"""Results of local networks that come with the package: whole, paired, and as planned."""

import numpy as np
import pytest

import solar
from solar.intervals import over_both
from solar.world.photographs import PHOTOGRAPHS, SPLIT

ARMS = ("none", "identity", "even", "soa")
MEASURES = {"right", "precision", "recall", "matching_score"}


@pytest.fixture(params=["local", "local_long"])
def results(request):
    return solar.results(request.param)


def values_of(results, arm, where, measure):
    """What an arm reached: (seeds, photographs or landmarks)."""
    rows = [run[where][measure] for run in results["runs"] if run["arm"] == arm]
    return np.array([list(row.values()) for row in rows])


def test_all_arms_have_the_same_seeds_and_one_rate(results):
    arms = {run["arm"] for run in results["runs"]}
    assert {"none", "soa"} <= arms <= set(ARMS)
    seeds = {arm: [r["seed"] for r in results["runs"] if r["arm"] == arm] for arm in arms}
    assert len({tuple(each) for each in seeds.values()}) == 1
    assert len({run["rate"] for run in results["runs"]}) == 1
    # each went on from the start of its seed
    assert set(seeds["none"]) <= {start["seed"] for start in results["starts"]}
    # no two trainings ended alike
    runs = [*results["runs"], *results["starts"]]
    assert len({run["sha256"] for run in runs}) == len(runs)


def test_the_short_recipe_has_five_seeds_of_every_arm():
    """Chapter 11 draws seeds for what it says about the arms."""
    results = solar.results("local")
    for arm in ARMS:
        assert [run["seed"] for run in results["runs"] if run["arm"] == arm] == [0, 1, 2, 3, 4]
    assert results["processor_hours"] > 0.5 and results["threads"] == 1
    assert {"torch", "numpy", "solar"} <= set(results["versions"])


def test_the_arms_are_not_told_apart_on_photographs():
    """What chapter 11 says: every interval of a pair of arms holds zero, the primary one too."""
    results = solar.results("local")
    for a, b in (("soa", "identity"), ("soa", "even"), ("soa", "none"), ("identity", "none")):
        apart = values_of(results, a, "photographs", "right")
        apart = apart - values_of(results, b, "photographs", "right")
        interval = over_both(apart)
        assert interval.low < 0 < interval.high
        assert interval.high - interval.low < 1


def test_the_long_recipe_has_all_arms_of_its_first_start_and_later_starts():
    results = solar.results("local_long")
    first = [run["arm"] for run in results["runs"] if run["seed"] == 0]
    assert sorted(first) == sorted(ARMS)
    seeds = sorted(start["seed"] for start in results["starts"])
    assert seeds == [0, 1, 2, 3, 4]
    # all were measured where the arms were, by one recipe
    for start in results["starts"]:
        assert len(start["log"]) == 10
        assert (
            start["photographs"]["right"].keys()
            == results["runs"][0]["photographs"]["right"].keys()
        )


@pytest.mark.parametrize("seeds", ["first", "later", "all"])
def test_the_goal_holds_for_the_long_starts(seeds):
    """More right matches than RootSIFT on photographs, at no lower precision; views no worse."""
    results = solar.results("local_long")
    starts = sorted(results["starts"], key=lambda start: start["seed"])
    chosen = {"first": starts[:1], "later": starts[1:], "all": starts}[seeds]
    sift = next(one for one in results["references"] if one["net"] == "sift")

    def gain(where, measure):
        ours = np.array([list(start[where][measure].values()) for start in chosen])
        return over_both(ours - np.array(list(sift[where][measure].values())))

    assert gain("photographs", "right").low > 0
    assert gain("photographs", "precision").high > 0
    assert gain("views", "right").mean > 0
    assert gain("views", "precision").high > 0


def test_the_rate_is_the_best_on_average_over_the_arms_that_chose():
    results = solar.results("local")
    means = {}
    for rate in {run["rate"] for run in results["choosing"]}:
        means[rate] = np.mean([r["held_out"] for r in results["choosing"] if r["rate"] == rate])
    assert results["runs"][0]["rate"] == max(means, key=means.get)
    assert not {run["seed"] for run in results["choosing"]} & {r["seed"] for r in results["runs"]}


def test_all_were_measured_on_the_same_photographs_and_views(results):
    test_photographs = [PHOTOGRAPHS[number].name for number in SPLIT["test"]]
    assert results["photographs"] == test_photographs and len(test_photographs) >= 12
    assert results["warps"] == 8
    for one in [*results["runs"], *results["references"]]:
        for where, names in (("photographs", test_photographs), ("views", results["landmarks"])):
            assert one[where].keys() == MEASURES
            for row in one[where].values():
                assert list(row) == names
                assert np.isfinite(list(row.values())).all()
        assert all(0 <= share <= 1 for share in one["photographs"]["precision"].values())
        assert all(0 <= percent <= 100 for percent in one["fpr95"].values())


def test_every_network_is_better_than_an_untrained_one(results):
    untrained = next(one for one in results["references"] if one["net"] == "untrained")
    floor = np.mean(list(untrained["photographs"]["right"].values()))
    for run in results["runs"]:
        assert np.mean(list(run["photographs"]["right"].values())) > floor + 10


def test_the_primary_difference_can_be_computed(results):
    primary = results["plan"]["primary"]
    ours = values_of(results, primary["a"], primary["where"], primary["measure"])
    if primary["b"] == "sift":
        sift = next(one for one in results["references"] if one["net"] == "sift")
        theirs = np.array([list(sift[primary["where"]][primary["measure"]].values())])
    else:
        theirs = values_of(results, primary["b"], primary["where"], primary["measure"])
    interval = over_both(ours - theirs)
    assert interval.low <= interval.mean <= interval.high
