"""The streams as pictures, and the tiles of them that the edge looks at."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from footage import FOOTAGE, Footage
from net import TILE
from spoil import MACROBLOCK, Stream, decode, streams

VISIBLE = 255**2 / 10**3.5  # mean squared error of a picture of 35 dB
COLUMNS, ROWS = 16, 9  # cells of the grid
HALF = 4  # tiles that are spread over the picture, and the most that lie where it is suspicious


@dataclass
class Pictures:
    """A stream: luma is (n, height, width), errors of each macroblock are (n, rows, columns), whole of each picture."""

    stream: Stream
    luma: np.ndarray
    errors: np.ndarray
    whole: np.ndarray
    held: np.ndarray


def load(seed: int, half: str, folder: Path) -> list[Pictures]:
    """All streams of a half; decoded pictures are kept in the folder."""
    all_ = []
    for s in streams(seed, [f for f in FOOTAGE if f.half == half]):
        truth = np.load(folder / f"{s.name}.npz")
        kept = folder / f"{s.name}.npy"
        if not kept.exists():
            size = (s.size[0] - s.shift[0] + 1) // 2 * 2, (s.size[1] - s.shift[1] + 1) // 2 * 2
            np.save(kept, decode(folder / f"{s.name}.ts", size, len(truth["whole"])))
        luma = np.load(kept, mmap_mode="r")
        n = min(len(luma), len(truth["whole"]))
        all_.append(Pictures(s, luma[:n], truth["errors"][:n].astype(np.float32), truth["whole"][:n], truth["held"][:n]))
    return all_


def start(middle: int, size: int) -> int:
    """Where a tile begins, as in ingest/feature/tiles.go."""
    return max(0, min(middle - TILE // 2, size - TILE)) // MACROBLOCK * MACROBLOCK


def tile_at(cell: int, width: int, height: int) -> tuple[int, int]:
    c, r = cell % COLUMNS, cell // COLUMNS
    return start((2 * c + 1) * width // (2 * COLUMNS), width), start((2 * r + 1) * height // (2 * ROWS), height)


def suspicious(luma: np.ndarray) -> list[int]:
    """The cells with the largest excess at borders of macroblocks, as ingest/feature/tiles.go has them."""
    height, width = luma.shape
    excess = np.zeros(COLUMNS * ROWS)
    y = luma[: height // MACROBLOCK * MACROBLOCK, : width // MACROBLOCK * MACROBLOCK].astype(np.int32)
    rows, columns = y.shape[0] // MACROBLOCK, y.shape[1] // MACROBLOCK
    cell_row = (ROWS * np.arange(rows) * MACROBLOCK + ROWS - 1) // height
    cell_column = (COLUMNS * np.arange(columns) * MACROBLOCK + COLUMNS - 1) // width
    cells = np.minimum(cell_row, ROWS - 1)[:, None] * COLUMNS + np.minimum(cell_column, COLUMNS - 1)[None, :]

    def borders(a, b, c, d):
        return 2 * np.abs(c - b) - np.abs(b - a) - np.abs(d - c)

    at = np.arange(1, rows) * MACROBLOCK
    level = borders(y[at - 2], y[at - 1], y[at], y[at + 1]).reshape(rows - 1, columns, MACROBLOCK).sum(2)
    at = np.arange(1, columns) * MACROBLOCK
    upright = 2 * borders(y[::2, at - 2], y[::2, at - 1], y[::2, at], y[::2, at + 1]).reshape(rows, MACROBLOCK // 2, columns - 1).sum(1)
    limit = 8 * 32
    np.add.at(excess, cells[1:], np.where(level > limit, level, 0))
    np.add.at(excess, cells[:, 1:], np.where(upright > limit, upright, 0))
    chosen: list[int] = []
    for cell in sorted(range(len(excess)), key=lambda c: (-excess[c], c)):
        if excess[cell] <= 0 or len(chosen) == HALF:
            break
        left, top = tile_at(cell, width, height)
        if all(max(abs(left - x), abs(top - z)) >= TILE for x, z in (tile_at(c, width, height) for c in chosen)):
            chosen.append(cell)
    return chosen


def tiles(luma: np.ndarray, second: int) -> list[tuple[int, int]]:
    """Left and top of the tiles of a picture, as the edge takes them in the second."""
    height, width = luma.shape
    spread = [(37 * second + i * COLUMNS * ROWS // HALF) % (COLUMNS * ROWS) for i in range(HALF)]
    return [tile_at(c, width, height) for c in suspicious(luma) + spread]
