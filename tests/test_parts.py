"""The world of parts, the small network that learns in it, and the jobs of its table."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from solar.nets.attention import BLOCKS
from solar.training.held_out import held_out_map
from solar.training.parts import PartsNet, landmark_precisions, learn, precisions, rate_at
from solar.world import parts as world

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))


def images_of(share: float, count: int = 40, seed: int = 0):
    landmarks = world.draw_landmarks(count, seed=1)
    return landmarks, world.draw_images(landmarks, share, torch.Generator().manual_seed(seed))


def draw(landmarks, share, generator):
    return world.draw_images(landmarks, share, generator).maps


# ---- the world -----------------------------------------------------------------------------------


def test_a_landmark_has_five_different_parts():
    landmarks = world.draw_landmarks(200, seed=3)
    assert landmarks.shape == (200, 5)
    assert all(len(set(row.tolist())) == 5 for row in landmarks)
    assert landmarks.min() >= 0
    assert landmarks.max() < world.PARTS


def test_other_seeds_give_other_landmarks():
    assert not torch.equal(world.draw_landmarks(9, seed=1), world.draw_landmarks(9, seed=2))


@pytest.mark.parametrize("share, own", [(0.0, 5), (0.25, 9), (0.9, 32), (1.0, 36)])
def test_a_landmark_fills_its_share_with_all_of_its_parts(share, own):
    landmarks, images = images_of(share)
    assert (images.own.sum(1) == own).all()
    for landmark, parts, mask in zip(landmarks, images.parts, images.own):
        assert set(parts[mask].tolist()) == set(landmark.tolist())


def test_a_landmark_has_one_material_in_an_image_and_clutter_has_many():
    _, images = images_of(0.4)
    for materials, mask in zip(images.materials, images.own):
        assert len(materials[mask].unique()) == 1
        assert len(materials[~mask].unique()) > 1


def test_the_material_of_a_landmark_changes_from_image_to_image():
    landmark = world.draw_landmarks(1, seed=1).expand(60, -1)
    images = world.draw_images(landmark, 0.4, torch.Generator().manual_seed(0))
    first = [materials[mask][0].item() for materials, mask in zip(images.materials, images.own)]
    assert set(first) == set(range(world.MATERIALS))


def test_a_landmark_can_stand_anywhere():
    _, images = images_of(0.25, count=400)
    often = images.own.float().mean(0)
    assert (often - 0.25).abs().max() < 0.1


def test_maps_show_what_stands_at_each_position():
    words = world.vocabulary()
    _, images = images_of(0.4)
    assert images.maps.shape == (40, world.CHANNELS, 6, 6)
    assert images.maps.min() >= 0
    rows = images.maps.flatten(2).transpose(1, 2)  # (B, N, C)
    looks = rows[..., : world.PART_CHANNELS]
    made_of = rows[..., world.PART_CHANNELS :]
    assert torch.equal((made_of @ words.materials.T).argmax(2), images.materials)
    assert ((looks @ words.parts.T).argmax(2) == images.parts).float().mean() > 0.95


def test_the_same_seed_draws_the_same_images():
    one = images_of(0.4)[1]
    again = images_of(0.4)[1]
    other = images_of(0.4, seed=1)[1]
    assert torch.equal(one.maps, again.maps)
    assert not torch.equal(one.maps, other.maps)


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match=f"share {share} .* from 0 to 1"):
        images_of(share)


# ---- the network and its training ----------------------------------------------------------------


def net_of(block: str, seed: int = 0) -> PartsNet:
    torch.manual_seed(seed)
    return PartsNet(world.CHANNELS, block)


def test_all_blocks_start_from_the_same_numbers_and_change_nothing():
    maps = images_of(0.4)[1].maps
    states = [net_of(block).state_dict() for block in BLOCKS]
    for state in states[1:]:
        assert all(torch.equal(state[name], states[0][name]) for name in states[0])
    for block in BLOCKS:
        net = net_of(block)
        assert torch.equal(net.soa(maps), maps)


def test_without_a_block_there_is_no_attention():
    names = [name.split(".")[0] for name, _ in net_of("none").named_parameters()]
    assert set(names) == {"pool", "whiten"}


def test_the_exponent_and_the_batch_norms_stay():
    net = net_of("soa")
    learn(net, world.draw_landmarks(30, seed=1), draw, seed=0, steps=2)
    assert net.pool.p.item() == 3
    assert torch.equal(net.soa.f[1].running_mean, torch.zeros(world.CHANNELS))
    assert not net.training
    assert not net.train().soa.training


def test_training_can_be_repeated_and_lowers_the_loss():
    landmarks = world.draw_landmarks(60, seed=1)
    nets = [net_of("identity"), net_of("identity")]
    losses = [learn(net, landmarks, draw, seed=0, steps=24) for net in nets]
    assert losses[0] == losses[1]
    for a, b in zip(nets[0].parameters(), nets[1].parameters()):
        assert torch.equal(a, b)
    assert np.mean(losses[0][-8:]) < np.mean(losses[0][:8])
    assert losses[0] != learn(net_of("identity"), landmarks, draw, seed=1, steps=24)


def test_every_network_sees_the_same_images():
    seen = {}
    for block in ("none", "soa"):
        seen[block] = []

        def watched(landmarks, share, generator, block=block):
            maps = draw(landmarks, share, generator)
            seen[block].append((share, maps.sum().item()))
            return maps

        learn(net_of(block), world.draw_landmarks(30, seed=1), watched, seed=5, steps=3)
    assert seen["none"] == seen["soa"]


def test_what_measures_is_called_after_every_step():
    steps = []
    learn(net_of("none"), world.draw_landmarks(30, 1), draw, 0, steps=3, measure=steps.append)
    assert steps == [1, 2, 3]


def test_too_few_landmarks_are_refused():
    with pytest.raises(ValueError, match="23 landmarks; expected 24"):
        learn(net_of("none"), world.draw_landmarks(23, seed=1), draw, seed=0)


def test_the_rate_rises_stays_and_falls():
    rates = [rate_at(done) for done in np.linspace(0, 1, 11)]
    assert rates == pytest.approx([0, 1, 1, 1, 1, 1, 1, 1, 2 / 3, 1 / 3, 0], abs=1e-9)


# ---- the measure ---------------------------------------------------------------------------------


def test_precisions_are_those_of_held_out_landmarks():
    generator = torch.Generator().manual_seed(0)
    rows = torch.nn.functional.normalize(torch.randn(12, 4, generator=generator))
    labels = np.arange(12) // 3
    assert precisions(rows, labels).mean() == pytest.approx(held_out_map(rows, labels))


def test_landmarks_keep_their_own_scores():
    net = net_of("none")
    landmarks = world.draw_landmarks(5, seed=1).repeat_interleave(4, 0)
    maps = draw(landmarks, 0.9, torch.Generator().manual_seed(0))
    values = landmark_precisions(net, maps, images=4)
    everything = precisions(net(maps).detach(), np.arange(20) // 4)
    assert values == pytest.approx(everything.reshape(5, 4).mean(1))


# ---- the table -----------------------------------------------------------------------------------


def test_runs_are_known_when_their_rate_is(tmp_path):
    from experiments.parts import RATES, Parts

    table = Parts(tmp_path)
    first = table.jobs(test=False)
    assert {job.part for job in first} == {"choosing"}
    for job in first:
        table.ledger.write(job, dict(held_out=job["rate"] * 100, seconds=0))
    runs = [job for job in table.jobs(test=False) if job.part == "runs"]
    assert len(runs) == 20
    assert {job["rate"] for job in runs} == {max(RATES)}
    assert [job["seed"] for job in runs[:4]] == [0, 0, 0, 0]
