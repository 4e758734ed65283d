"""Trains the network on the streams of the half for training, and writes it as ONNX and for evaluate.py."""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from net import LEVELS, TILE, Damage, export, planes
from pictures import VISIBLE, Pictures, load
from spoil import MACROBLOCK

BATCH = 32
SIDE = TILE // MACROBLOCK
# Mean squared errors of a macroblock at and above which it is damaged, and below which it is not; what is between trains nothing. The same of a tile.
BLOCK_BAD, BLOCK_GOOD = 65.0, 10.0
TILE_BAD, TILE_GOOD = VISIBLE, VISIBLE / 3


class Draw:
    """Draws tiles at random: of each footage as often, half of them where a picture is damaged."""

    def __init__(self, streams: list[Pictures], seed: int):
        self.random = random.Random(seed)
        self.damaged: dict[str, list] = {}
        self.sound: dict[str, list] = {}
        self.mimics: list = []
        for p in streams:
            height, width = p.luma.shape[1:]
            if min(width, height) < TILE:
                continue
            name = p.stream.footage.name
            for i in range(1, len(p.luma)):
                if p.stream.mimic:
                    self.mimics.append((p, i))
                elif p.whole[i] > VISIBLE and not p.held[i]:
                    self.damaged.setdefault(name, []).append((p, i))
                elif p.whole[i] < 1:
                    self.sound.setdefault(name, []).append((p, i))

    def place(self, p: Pictures, i: int, damaged: bool) -> tuple[int, int]:
        """Where in a picture: for damage the worst of three places."""
        height, width = p.luma.shape[1:]
        places = [(self.random.randrange((height - TILE) // MACROBLOCK + 1), self.random.randrange((width - TILE) // MACROBLOCK + 1)) for _ in range(3 if damaged else 1)]
        return max(places, key=lambda at: p.errors[i, at[0] : at[0] + SIDE, at[1] : at[1] + SIDE].mean())

    def one(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        kind = self.random.random()
        if kind < 0.5:
            p, i = self.random.choice(self.damaged[self.random.choice(sorted(self.damaged))])
        elif kind < 0.85 or not self.mimics:
            p, i = self.random.choice(self.sound[self.random.choice(sorted(self.sound))])
        else:
            p, i = self.random.choice(self.mimics)
        row, column = self.place(p, i, kind < 0.5)
        y, x = row * MACROBLOCK, column * MACROBLOCK
        now, before = p.luma[i, y : y + TILE, x : x + TILE], p.luma[i - 1, y : y + TILE, x : x + TILE]
        errors = np.full((SIDE, SIDE), 0, np.float32)
        part = p.errors[i, row : row + SIDE, column : column + SIDE]
        errors[: part.shape[0], : part.shape[1]] = part
        if self.random.random() < 0.5:
            now, before, errors = now[:, ::-1], before[:, ::-1], errors[:, ::-1]
        if self.random.random() < 0.25:
            now, before, errors = now[::-1], before[::-1], errors[::-1]
        return now, before, errors

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        all_ = [self.one() for _ in range(BATCH)]
        x = torch.from_numpy(planes(np.stack([a[0] for a in all_]), np.stack([a[1] for a in all_])))
        errors = torch.from_numpy(np.stack([a[2] for a in all_]))
        gain = self.each(0.4, 1.3)
        return self.varied(x, gain), errors * gain[:, 0] ** 2

    def each(self, low: float, high: float) -> torch.Tensor:
        """A number for each tile of a batch."""
        return torch.tensor([self.random.uniform(low, high) for _ in range(BATCH)])[:, None, None, None]

    def varied(self, x: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
        """Tiles with other contrast, brightness, sharpness, grain, and now and then as an epoch's first picture."""
        x = x * gain
        x[:, :1] += self.each(-1, 1)
        x = x + self.each(-0.7, 0.9).clamp(min=0 if self.random.random() < 0.5 else -1) * (x - functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False))
        if self.random.random() < 0.4:
            grain = torch.randn(BATCH, 2, TILE, TILE) * self.each(-8, 8).clamp(min=0) / LEVELS
            x[:, 0] += grain[:, 0]
            x[:, 1] += grain[:, 0] - grain[:, 1]
        x[:, 1] *= self.each(0, 1)[:, 0] > 0.06
        return x


def between(errors: torch.Tensor, bad: float, good: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels and weights of errors."""
    return (errors >= bad).float(), ((errors >= bad) | (errors < good)).float()


def main() -> None:
    a = argparse.ArgumentParser(description=__doc__)
    a.add_argument("data", type=Path, help="folder that spoil.py filled")
    a.add_argument("out", type=Path, help="ONNX file to write; beside it goes .pt")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--steps", type=int, default=3000)
    a.add_argument("--single", action="store_true", help="without the picture before, to see what it is worth")
    given = a.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(1)
    draw = Draw(load(1, "train", given.data), given.seed)
    net = Damage().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, given.steps, pct_start=0.1)
    average = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True)
    began, losses = time.time(), []
    for step in range(given.steps):
        x, errors = draw.batch()
        if given.single:
            x[:, 1] = 0
        tile, blocks = net(x.to(memory_format=torch.channels_last))
        label, weight = between(errors.mean((1, 2)), TILE_BAD, TILE_GOOD)
        loss = (functional.binary_cross_entropy_with_logits(tile, label, reduction="none") * weight).mean()
        label, weight = between(errors, BLOCK_BAD, BLOCK_GOOD)
        loss = loss + (functional.binary_cross_entropy_with_logits(blocks, label, reduction="none") * weight).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
        average.update_parameters(net)
        losses.append(loss.item())
        if step % 100 == 99:
            print(f"step {step + 1}: loss {np.mean(losses[-100:]):.3f}, {time.time() - began:.0f} s", flush=True)
            torch.save(average.module.state_dict(), given.out.with_suffix(".pt"))
    export(average.module, str(given.out))


if __name__ == "__main__":
    main()
