"""Pretraining: folding against the unfolded net, and a resumed run against an unbroken one."""

import numpy as np
import torch

from solar.nets.global_net import GlobalNet
from solar.training.pretrain_task import (
    PretrainConfig,
    Trunk,
    _epoch,
    augment,
    draw_batch,
    read_photos,
)
from solar.world import Recipe, write


def test_folded_net_is_the_same_function():
    torch.manual_seed(0)
    trunk = Trunk(GlobalNet("mini", soa=""))
    images = torch.randn(8, 3, 64, 80)
    for _ in range(3):
        trunk.train()(images)
    trunk.eval()
    torch.testing.assert_close(trunk.fold()(images), trunk(images), atol=1e-5, rtol=0)


def test_augment_keeps_the_landmark_in_sight_and_is_seeded():
    images = torch.zeros(2, 3, 96, 128, dtype=torch.uint8)
    images[:, :, 40:56, 56:72] = 255

    def once(seed):
        return augment(
            images, torch.tensor([False, True]), (48, 64), torch.Generator().manual_seed(seed)
        )

    assert once(0).shape == (2, 3, 48, 64)
    assert torch.equal(once(0), once(0)) and not torch.equal(once(0), once(1))
    assert (
        once(0).amax((1, 2, 3)) > once(0).mean((1, 2, 3)) + 0.5
    ).all()  # the bright spot is still there


def test_an_epoch_depends_on_its_number_alone(tmp_path):
    data = read_photos(
        write(Recipe("train", 0, 8, 3), tmp_path / "g", "g", workers=1, progress=False)
    )
    assert (
        data[0].shape == (21, 3, 192, 256) and len(data[1]) == 7
    )  # the eighth landmark is held out
    config = PretrainConfig(
        epochs=2,
        large_epochs=1,
        small_size=(32, 48),
        large_size=(48, 64),
        landmarks_per_batch=4,
        photos_per_landmark=2,
    )
    rows, mirror = draw_batch(data[1], config, np.random.default_rng(0))
    assert len(rows) == 8 and (mirror[::2] == mirror[1::2]).all()

    def setting():
        torch.manual_seed(0)
        trunk = Trunk(GlobalNet("mini", soa=""))
        optimizer = torch.optim.AdamW(trunk.parameters(), lr=1e-3)
        return (
            trunk,
            optimizer,
            torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=10),
        )

    whole = setting()
    for epoch in range(2):
        _epoch(*whole, data, epoch, config)
    first = setting()
    _epoch(*first, data, 0, config)
    second = setting()
    for ours, kept in zip(second, first):
        ours.load_state_dict(kept.state_dict())
    _epoch(*second, data, 1, config)
    for a, b in zip(whole[0].state_dict().values(), second[0].state_dict().values()):
        assert torch.equal(a, b)
