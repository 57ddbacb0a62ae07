"""What a frozen trunk makes of pictures: computed once, or anew from every crop."""

import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from .datasets import TrainingIndex
from .description import Pictures, equal_batches
from .global_net import GlobalNet


class FrozenTrunk:
    """Feature maps of images, as the stage called `stage` sees them: computed once, kept as float16.

    Indexing with image numbers (n,) gives (n, C, H, W) float32. All images must have one size.
    """

    def __init__(
        self, net: GlobalNet, stage: str, index: TrainingIndex, image_size: int, device, progress: bool = True
    ):
        self.device, self.maps = device, None
        loader = DataLoader(Pictures(index.images, None, image_size, net.mean, net.std), batch_size=None)
        net = net.eval().to(device)
        with (
            torch.inference_mode(),
            tqdm(total=len(index.images), desc="trunk", unit="image", disable=not progress) as bar,
        ):
            for numbers, batch in equal_batches(loader, 32):
                found = net.features.until(batch.to(device), stage).half().cpu()
                if self.maps is None:
                    self.maps = torch.empty(len(index.images), *found.shape[1:], dtype=torch.float16)
                if found.shape[1:] != self.maps.shape[1:]:
                    raise ValueError(f"{index.images[numbers[0]]}: of another size than the images before it")
                self.maps[torch.tensor(numbers)] = found
                bar.update(len(numbers))

    def __len__(self) -> int:
        return len(self.maps)

    def __getitem__(self, numbers) -> torch.Tensor:
        return self.maps[torch.as_tensor(numbers)].to(self.device).float()
