"""Prints what the trained network says of the tiles that ingest/feature/damage_test.go draws, before it is exported."""

import sys

import numpy as np
import torch

from net import TILE, Damage, planes

Y, X = np.mgrid[0:TILE, 0:TILE]


def texture(x, y):
    return 60 + (x * 7 + y * 13 + x * y // 16) % 101


def misplaced(x, y):
    return np.where((x // 16 * 7 + y // 16 * 5) % 3 == 0, texture(x + 5, y + 9) // 2, texture(x, y))


def slope(x, y):
    return 40 + (x + y) // 4


def stripe(x, y):
    return np.where((y >= 96) & (y < 144), slope((x + 100) % TILE, y + 60), slope(x, y))


def flat(x, y):
    return np.full_like(x, 112)


PAIRS = [(flat, flat), (texture, texture), (misplaced, texture), (misplaced, misplaced), (stripe, slope), (slope, slope)]

net = Damage()
net.load_state_dict(torch.load(sys.argv[1]))
net.eval()
x = planes(np.stack([a(X, Y) for a, _ in PAIRS]).astype(np.uint8), np.stack([b(X, Y) for _, b in PAIRS]).astype(np.uint8))
with torch.no_grad():
    print(np.round(255 * torch.sigmoid(net(torch.from_numpy(x))[0]).numpy()).astype(int).tolist())
