"""Makes streams of pictures that were damaged before they were last encoded, with the truth about each of their macroblocks."""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from footage import FOOTAGE, MIMICS, MOTIONS, RATE, SIZES, Footage, master, run

PACKET, PICTURES = 188, 256  # bytes of a packet, and the PID of the pictures
MACROBLOCK = 16
KEPT = 0.4  # seconds at the start without losses, so that pictures of both decodings fall together
LOSSES = [0.0012, 0.0012, 0.0025, 0.0025, 0.005, 0.01]  # shares of the packets


@dataclass(frozen=True)
class Stream:
    """One way for footage to be sent twice, with losses in between."""

    footage: Footage
    size: tuple[int, int]
    mimic: str  # of MIMICS or MOTIONS; empty: none
    first: str  # coding in which packets are lost
    loss: float  # share of packets; 0: none
    second: str  # coding in which pictures come to us
    shift: tuple[int, int]  # how far the macroblocks of both lie apart
    seed: int

    @property
    def moves(self) -> bool:
        return self.mimic in MOTIONS

    @property
    def name(self) -> str:
        return f"{self.footage.name}-{self.seed}"


def coded(random_: random.Random, pixels: int, again: bool) -> str:
    """FFmpeg's options of a coding, at a rate that fits so many pixels."""
    scale = (pixels / (640 * 360)) ** 0.75
    rate = int(random_.choice([2500, 3500, 5000] if again else [700, 1000, 1500, 2500, 4000]) * scale)
    group = random_.choice([25, 50, 50, 100])
    kind = random_.choices(["h264", "hevc", "mpeg2"], [6, 2, 2] if again else [5, 3, 2])[0]
    if kind == "h264":
        quality = f"-crf 21 -maxrate {rate}k -bufsize {rate}k" if again else f"-b:v {rate}k -maxrate {rate * 3 // 2}k -bufsize {rate * 2}k"
        return f"-c:v libx264 -preset veryfast {quality} -g {group} -bf {random_.choice([0, 2, 3])}" + random_.choice(["", "", " -x264-params slices=4", " -tune zerolatency"])
    if kind == "hevc":
        return f"-c:v libx265 -preset ultrafast -x265-params log-level=error:pools=1:frame-threads=1 -b:v {rate * 2 // 3}k -g {group}"
    return f"-c:v mpeg2video -b:v {2 * rate}k -maxrate {3 * rate}k -bufsize {3 * rate}k -g {random_.choice([12, 15])} -bf 2"


# Codings of few bits, in which sound motion is full of blocks.
SCARCE = [
    "-c:v libx264 -preset veryfast -bf 0 -g 48 -keyint_min 48 -sc_threshold 0 -flags +cgop -b:v 900k -maxrate 1200k -bufsize 1200k",
    "-c:v libx264 -preset veryfast -b:v 500k -maxrate 600k -bufsize 600k -g 50 -bf 2",
    "-c:v libx264 -preset veryfast -crf 21 -maxrate 2500k -bufsize 2500k -g 50 -bf 2",
    "-c:v libx265 -preset superfast -x265-params log-level=error:pools=1:frame-threads=1 -crf 27 -g 50",
    "-c:v mpeg2video -b:v 2500k -maxrate 3M -bufsize 1835k -g 12 -bf 2",
]


def streams(seed: int, footage: list[Footage]) -> list[Stream]:
    """The streams of each footage: a quarter of them sound, then sound ones with a mimic, then those in which it moves."""
    all_ = []
    for f in footage:
        draw = random.Random(f"{seed} {f.name}")
        fits = [s for s in SIZES if s[0] * s[1] <= 2.3 * f.width * f.height]
        for n in range(f.streams + f.mimics):
            size = draw.choice(fits or [SIZES[0]])
            mimic = draw.choice(sorted(MIMICS)) if n >= f.streams else ""
            loss = 0 if n % 4 == 3 or mimic else draw.choice(LOSSES)
            shift = (draw.randrange(1, 15), draw.randrange(1, 15)) if draw.random() < 0.12 else (0, 0)
            first, second = coded(draw, size[0] * size[1], False), coded(draw, size[0] * size[1], True)
            all_.append(Stream(f, size, mimic, first, loss, second, shift, n))
        all_ += moving(f, f.streams + f.mimics, random.Random(f"{seed} {f.name} moving"))
    return all_


def moving(footage: Footage, first: int, draw: random.Random) -> list[Stream]:
    """The streams of the footage in which it moves. Half of them are sound; few bits are left for them, as in lab's own streams."""
    all_ = []
    for n, motion in enumerate(draw.sample(sorted(MOTIONS), footage.moving)):
        size = draw.choice([(512, 288), (640, 360), (640, 360)])
        loss = draw.choice([0, 0, 0, 0.0025, 0.005, 0.01])
        all_.append(Stream(footage, size, motion, coded(draw, size[0] * size[1], False), loss, draw.choice(SCARCE), (0, 0), first + n))
    return all_


MUXED = "-threads 1 -pix_fmt yuv420p -f mpegts -pes_payload_size 0 -streamid 0:256".split()


def lose(data: bytes, share: float, seed: str) -> bytes:
    """Leaves out a share of the packets with pictures, but for those of the first KEPT seconds by their number."""
    packets = np.frombuffer(data[: len(data) // PACKET * PACKET], np.uint8).reshape(-1, PACKET)
    pictures = ((packets[:, 1].astype(int) & 31) << 8 | packets[:, 2]) == PICTURES
    starts = pictures & (packets[:, 1] & 64 > 0)
    draw = np.random.default_rng(np.frombuffer(seed.encode(), np.uint8))
    gone = pictures & (draw.random(len(packets)) < share) & (np.cumsum(starts) > KEPT * RATE)
    return packets[~gone].tobytes()


def decode(file: Path, size: tuple[int, int], count: int) -> np.ndarray:
    """Luma of the pictures, RATE a second, as many as there are up to count."""
    raw = file.with_suffix(".raw")
    run(["-threads", "1", "-i", str(file), "-vf", f"setpts=PTS-STARTPTS,fps={RATE},extractplanes=y",
         "-frames:v", str(count), "-f", "rawvideo", str(raw)])
    pictures = np.fromfile(raw, np.uint8)
    raw.unlink()
    return pictures[: len(pictures) // (size[0] * size[1]) * size[0] * size[1]].reshape(-1, size[1], size[0])


def squares(a: np.ndarray, b: np.ndarray, shift: tuple[int, int]) -> tuple[np.ndarray, np.float32]:
    """Mean squared difference of each whole macroblock of two pictures that are cut off by shift, and of all their luma."""
    d = (a.astype(np.float32) - b) ** 2
    rows, columns = (d.shape[0] - shift[1]) // MACROBLOCK, (d.shape[1] - shift[0]) // MACROBLOCK
    blocks = d[shift[1] :, shift[0] :][: rows * MACROBLOCK, : columns * MACROBLOCK].reshape(rows, MACROBLOCK, columns, MACROBLOCK)
    return blocks.mean((1, 3)), d.mean()


def make(stream: Stream, media: Path, work: Path, out: Path) -> None:
    """Writes NAME.ts, which comes to us, and NAME.npz. That has of each picture, as decoded before the second coding, the mean squared error of its
    macroblocks (errors) and of all of it (whole), and whether the decoder had none and that before stands in for it (held)."""
    result = out / f"{stream.name}.npz"
    if result.exists():
        return
    (width, height), (x, y) = stream.size, stream.shift
    base = work / stream.name
    source, first, spoilt = (base.with_name(base.name + suffix) for suffix in (".mkv", ".first.ts", ".spoilt.ts"))
    master(stream.footage, stream.size, stream.mimic, media, source)
    run(["-i", str(source), *stream.first.split(), *MUXED, str(first)])
    spoilt.write_bytes(lose(first.read_bytes(), stream.loss, stream.name))
    count = int(stream.footage.length * RATE)
    sound, damaged = decode(first, stream.size, count), decode(spoilt, stream.size, count)
    n = min(len(sound), len(damaged))
    sound, damaged = sound[:n], damaged[:n]
    cut = f"crop={width - x}:{height - y}:{x}:{y}:exact=1," if x or y else ""
    run(["-threads", "1", "-i", str(spoilt), "-vf", f"setpts=PTS-STARTPTS,fps={RATE},{cut}pad=ceil(iw/2)*2:ceil(ih/2)*2", "-frames:v", str(n),
         *stream.second.split(), *MUXED, str(out / f"{stream.name}.ts")])
    pairs = [squares(a, b, stream.shift) for a, b in zip(sound, damaged)]
    held = [i > 0 and bool((damaged[i] == damaged[i - 1]).all()) and not (sound[i] == sound[i - 1]).all() for i in range(n)]
    np.savez(result, errors=np.array([p[0] for p in pairs], np.float16), whole=np.array([p[1] for p in pairs]), held=np.array(held))
    for file in (source, first, spoilt):
        file.unlink()


if __name__ == "__main__":
    import argparse
    import tempfile

    arguments = argparse.ArgumentParser(description="Makes the streams: all of both halves, in minutes.")
    arguments.add_argument("media", type=Path, help="folder of the footage")
    arguments.add_argument("out", type=Path, help="folder for the streams; what is there already stays")
    arguments.add_argument("--half", choices=["train", "choose", "test"])
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for s in streams(given.seed, [f for f in FOOTAGE if given.half in (None, f.half)]):
            make(s, given.media, Path(folder), given.out)
            print(s.name, s.size, s.mimic or "-", s.loss, flush=True)
