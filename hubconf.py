"""Networks for `torch.hub`: one line, no clone.

    net = torch.hub.load("OWNER/NAME", "mini_solar", trust_repo=True)

Each entry returns the network that `solar.load` returns for the name with dashes. The shipped ones
come with the repository; of the published ones, the file must lie where `solar data` puts it.
"""

# what Python must be able to import
dependencies = [
    "cv2",
    "filelock",
    "lazy_loader",
    "numpy",
    "PIL",
    "platformdirs",
    "requests",
    "timm",
    "torch",
    "torchvision",
    "tqdm",
]


def _load(name, **options):
    """Load a network by its name, from the folder that this file lies in."""
    from solar import load

    return load(name, **options)


def mini_gem(**options):
    """A small global network without attention, trained on the mini world (128 numbers)."""
    return _load("mini-gem", **options)


def mini_solar(**options):
    """A small global network with second-order attention and loss, trained on the mini world."""
    return _load("mini-solar", **options)


def lite_gem(**options):
    """EfficientNet-Lite0 with GeM and a whitening learnt on the mini world (256 numbers)."""
    return _load("lite-gem", **options)


def lite_solar(**options):
    """EfficientNet-Lite0 with SOA4, SOA5 and a whitening learnt on the mini world."""
    return _load("lite-solar", **options)


def mini_sosnet(**options):
    """A small local network without attention: patches of 32 x 32 pixels to 128 numbers."""
    return _load("mini-sosnet", **options)


def mini_solar_local(**options):
    """A small local network with attention after layers 3, 4 and 5."""
    return _load("mini-solar-local", **options)


def resnet101_solar_best(**options):
    """SOLAR's published global network (2,048 numbers); `solar data resnet101-solar-best`."""
    return _load("resnet101-solar-best", **options)


def gl18_tl_resnet101_gem_w(**options):
    """The published network that SOLAR starts from; `solar data gl18-tl-resnet101-gem-w`."""
    return _load("gl18-tl-resnet101-gem-w", **options)


def local_solar_345_liberty(**options):
    """SOLAR's published local network; `solar data local-solar-345-liberty`."""
    return _load("local-solar-345-liberty", **options)


def sosnet_32x32_liberty(**options):
    """The published SOSNet; `solar data sosnet-32x32-liberty`."""
    return _load("sosnet-32x32-liberty", **options)
