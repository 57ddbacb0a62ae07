"""What the drawings say about networks: stations in the order of data, channels and strides.

`tests/test_drawings.py` compares these numbers with the networks themselves.
"""

from dataclasses import dataclass

MINI_PHOTO = (192, 256)  # height and width of the photographs that the shapes are told for
RESNET_PHOTO = (768, 1024)


@dataclass(frozen=True)
class Station:
    """A place that data passes on its way to a descriptor.

    Attributes:
        name: as the book writes it.
        stage: the module of `Features` whose output it is, '' for what comes after the trunk.
        learnt: does it learn in SOLAR's training? None: there is nothing to learn.
        mini: channels and stride of the map behind it in the mini network; stride 0: a vector.
        resnet: the same in ResNet-101.
    """

    name: str
    stage: str
    learnt: bool | None
    mini: tuple[int, int]
    resnet: tuple[int, int]


STATIONS = (
    Station("photograph", "", None, (3, 1), (3, 1)),
    Station("conv1", "conv1", False, (16, 2), (64, 2)),
    Station("conv2_x", "conv2_x", False, (24, 4), (256, 4)),
    Station("conv3_x", "conv3_x", False, (48, 8), (512, 8)),
    Station("conv4_x", "conv4_x", False, (96, 8), (1024, 16)),
    Station("SOA4", "soa4", True, (96, 8), (1024, 16)),
    Station("conv5_x", "conv5_x", False, (160, 16), (2048, 32)),
    Station("SOA5", "soa5", True, (160, 16), (2048, 32)),
    Station("GeM", "", True, (160, 0), (2048, 0)),
    Station("whitening", "", True, (128, 0), (2048, 0)),
)
BY_NAME = {station.name: station for station in STATIONS}


def size_of(numbers: tuple[int, int], photo: tuple[int, int]) -> tuple[int, ...]:
    """Return the shape of a map or a vector: (channels, height, width), or (channels,).

    Args:
        numbers: channels and stride, as `Station` has them.
        photo: height and width of the photograph.
    """
    channels, stride = numbers
    if stride == 0:
        return (channels,)
    height, width = photo
    return (channels, height // stride, width // stride)


def in_two_lines(shape: tuple[int, ...]) -> list[str]:
    """Write a shape in two lines: the channels, and below them height and width."""
    return [str(shape[0]), " × ".join(str(number) for number in shape[1:])]


def in_one_line(shape: tuple[int, ...]) -> str:
    """Write a shape in one line."""
    return " × ".join(str(number) for number in shape)
