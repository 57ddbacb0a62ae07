"""Every layer of the global network, by plain functions in double precision.

The authors' files cannot ship, so the oracle is a second implementation: it knows the published
names and the published architecture (torchvision's ResNet, stride in the 3 x 3 convolution), and
shares no code with the package.
"""

import pytest
import torch
import torch.nn.functional as F

from solar import GlobalNet
from solar.search.describe import describe_batch


def trained(architecture: str) -> GlobalNet:
    """A network as training may leave it: batch norms, attention and p away from their start."""
    torch.manual_seed(0)
    net = GlobalNet(architecture, soa="345")
    for name, tensor in net.state_dict().items():
        if name.endswith("running_mean"):
            tensor.normal_(std=0.1)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.0)
        elif tensor.ndim == 1 and name.endswith("weight"):
            tensor.uniform_(0.2, 0.5)  # keeps the activations of a random trunk within bounds
        elif ".v.weight" in name or name.endswith("bias"):
            tensor.normal_(std=0.1)
    net.pool.p.data.fill_(2.7)
    return net.eval()


class Oracle:
    """The layers by their published names."""

    def __init__(self, state):
        self.state = {k: v.double() for k, v in state.items()}

    def conv(self, name, x, stride=1, padding=0):
        return F.conv2d(
            x, self.state[f"{name}.weight"], self.state.get(f"{name}.bias"), stride, padding
        )

    def norm(self, name, x):
        norm = {
            k: self.state[f"{name}.{k}"].view(1, -1, 1, 1)
            for k in ("running_mean", "running_var", "weight", "bias")
        }
        x = (x - norm["running_mean"]) / (norm["running_var"] + 1e-5).sqrt()
        return x * norm["weight"] + norm["bias"]

    def block(self, name, x, stride):
        if f"{name}.conv3.weight" in self.state:  # bottleneck
            y = self.norm(f"{name}.bn1", self.conv(f"{name}.conv1", x)).relu()
            y = self.norm(f"{name}.bn2", self.conv(f"{name}.conv2", y, stride, 1)).relu()
            y = self.norm(f"{name}.bn3", self.conv(f"{name}.conv3", y))
        else:
            y = self.norm(f"{name}.bn1", self.conv(f"{name}.conv1", x, stride, 1)).relu()
            y = self.norm(f"{name}.bn2", self.conv(f"{name}.conv2", y, 1, 1))
        if f"{name}.downsample.0.weight" in self.state:
            x = self.norm(f"{name}.downsample.1", self.conv(f"{name}.downsample.0", x, stride))
        return (x + y).relu()

    def stage(self, name, x, stride):
        index = 0
        while f"{name}.{index}.conv1.weight" in self.state:
            x = self.block(f"{name}.{index}", x, stride if index == 0 else 1)
            index += 1
        return x

    def attention(self, name, x):
        q = self.norm(f"{name}.f.1", self.conv(f"{name}.f.0", x)).relu().flatten(2)
        k = self.norm(f"{name}.g.1", self.conv(f"{name}.g.0", x)).relu().flatten(2)
        v = self.conv(f"{name}.h", x).flatten(2)
        logits = (
            torch.stack([(q[:, :, i, None] * k).sum(1) for i in range(q.shape[2])], 1)
            / q.shape[1] ** 0.5
        )
        weights = logits.exp() / logits.exp().sum(2, keepdim=True)  # (B, N, N)
        out = torch.stack([(weights[:, i, None] * v).sum(2) for i in range(q.shape[2])], 2)
        return x + self.conv(f"{name}.v", out.unflatten(2, x.shape[2:])), weights

    def layers(self, x):
        """Name -> output of every stage, attention maps, and the descriptor."""
        out = {}

        # the trunk and its attention blocks
        y = self.norm("features.conv1.1", self.conv("features.conv1.0", x.double(), 2, 3))
        out["conv1"] = y
        y = self.stage("features.conv2_x.2", F.max_pool2d(y.relu(), 3, 2, 1), 1)
        out["conv2_x"] = y
        for number in (3, 4, 5):
            y = self.stage(f"features.conv{number}_x", y, 2)
            out[f"conv{number}_x"] = y
            y, maps = self.attention(f"features.soa{number}", y)
            out[f"soa{number}"] = y
            out[f"map{number}"] = maps

        # GeM, L2, linear, L2
        p = self.state["pool.p"]
        v = y.clamp(min=1e-6).pow(p).mean((2, 3)).pow(1 / p)
        v = v / (v.norm(dim=1, keepdim=True) + 1e-6)
        v = v @ self.state["whiten.weight"].T + self.state["whiten.bias"]
        out["descriptor"] = v / (v.norm(dim=1, keepdim=True) + 1e-6)
        return out


@pytest.mark.parametrize("architecture", ["resnet18", "resnet50"])
def test_every_layer_against_the_oracle(architecture):
    net = trained(architecture)
    x = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    expected = Oracle(net.state_dict()).layers(x)
    y = x
    with torch.no_grad():
        for name in ("conv1", "conv2_x", "conv3_x", "soa3", "conv4_x", "soa4", "conv5_x", "soa5"):
            y = getattr(net.features, name)(y)
            scale = expected[name].abs().max()
            assert (y - expected[name]).abs().max() / scale < 1e-5, name
        for layer in (3, 4, 5):
            maps = net.attention(x, layer).flatten(2)
            assert (maps - expected[f"map{layer}"]).abs().max() < 1e-5, layer
        assert (net(x) - expected["descriptor"]).abs().max() < 1e-5


def test_descriptors_at_three_scales():
    """The oracle describes the image at each scale, resized by the published rule.

    The descriptor is the mean of the three, normalised.
    """
    net = trained("resnet18")
    oracle = Oracle(net.state_dict())
    x = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    total = 0
    for scale in (1, 2**0.5, 2**-0.5):
        image = x.double()
        for axis in (2, 3):
            # where each new row (or column) lies among the old ones, and its two neighbours there
            side = x.shape[axis]
            at = torch.arange(int(side * scale)).add(0.5).div(scale).sub(0.5)
            at = at.clamp(min=0, max=side - 1).double()
            low = at.floor().long()
            high = (low + 1).clamp(max=side - 1)
            share = (at - low).view([-1 if d == axis else 1 for d in range(4)])
            below = image.index_select(axis, low) * (1 - share)
            image = below + image.index_select(axis, high) * share
        total = total + oracle.layers(image)["descriptor"]
    with torch.no_grad():
        assert (describe_batch(net, x) - total / total.norm()).abs().max() < 1e-5
