"""The natural footage that pictures are trained and tested on, and honest pictures that look like damage."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Footage:
    """A stretch of a clip: start and length in seconds; track is that of the pictures among those of the file."""

    name: str
    path: str
    width: int
    height: int
    start: float = 0
    length: float = 4
    track: int = 0
    # How many streams are made of it as it is, how many with mimics of damage, and how many in which it moves.
    streams: int = 4
    mimics: int = 2
    moving: int = 0

    @property
    def content(self) -> str:
        """What was recorded."""
        return self.name.split("_")[0]

    @property
    def half(self) -> str:
        """Names from a to m are for training or for choosing, n to z for testing, as in `framewatch evaluate`."""
        if self.content in CHOOSING:
            return "choose"
        return "train" if self.name < "n" else "test"


# Recordings of which nothing was trained: weights and thresholds of what judges by the network's scores are chosen on them. They move a lot, or are made to.
CHOOSING = {"asl", "box", "croatia", "cup", "delivery", "forecourt", "interview", "leaves", "marathon", "megamind"}

# Recordings of one content share the first word of their name, and with it their half. Those in opencv/ are of Debian's package opencv-doc.
FOOTAGE = [
    Footage("asl", "natural/asl_again.mkv", 640, 480, 0, 2.6),
    Footage("bear", "natural/bear_240p2997_vp9_opus.webm", 320, 240, 0, 2.6, streams=8),
    Footage("bikes", "expected/bikes_272p25_h264.mp4", 640, 272, 0, streams=8),
    Footage("bikes_b", "expected/bikes_272p25_h264.mp4", 640, 272, 5, streams=8),
    Footage("box", "opencv/box.mp4", 640, 480, 2, streams=3, moving=2),
    Footage("bunny", "natural/bbb_720p25_h264_aac51.mp4", 1280, 720, streams=8),
    Footage("bunny_b", "ts/bbb_720p60_h264_aac_no_rai.ts", 1280, 720, 3, streams=8),
    Footage("bunny_c", "ts/bbb_1080p24_hevc_aac51.ts", 1920, 1080, 1, streams=8),
    Footage("chaplin", "natural/chaplin_360p25_h264_mp3.mp4", 640, 360, streams=8),
    Footage("chaplin_b", "natural/chaplin_360p25_h264_mp3.mp4", 640, 360, 5, streams=8),
    Footage("cockatoo", "natural/cockatoo_720p20_h264_444_mp3.mp4", 1280, 720, streams=8),
    Footage("cockatoo_b", "natural/cockatoo_720p20_h264_444_mp3.mp4", 1280, 720, 7, streams=3),
    Footage("croatia", "concat:dash/wave_croatia_25/video25fps/{init.mp4,0.m4s,25600.m4s}", 1920, 1080, 0, mimics=0, moving=2),
    Footage("croatia_b", "concat:dash/wave_croatia_25/video25fps/{init.mp4,51200.m4s,76800.m4s}", 1920, 1080, 0, streams=2, mimics=0, moving=2),
    Footage("crystal", "natural/mdn_crystal_480p30_vp8_vorbis.webm", 720, 480, 0.3),
    Footage("crystal_b", "natural/mdn_crystal_480p30_vp8_vorbis.webm", 720, 480, 6, streams=3),
    Footage("cup", "opencv/cup.mp4", 640, 480, 1, streams=3, mimics=0, moving=2),
    Footage("delivery", "odd/pixel_aspect_ratio.mp4", 352, 288, 5, streams=3, mimics=0, moving=1),
    Footage("dog", "odd/dog_720p2997_rot270_h264_aac.mp4", 720, 1280),
    Footage("flower", "natural/flower_540p2997_h264_aac.mp4", 960, 540),
    Footage("forecourt", "opencv/vtest.avi", 768, 576, 5, streams=3, mimics=0, moving=2),
    Footage("foreman", "natural/foreman_cif30_h264.mp4", 352, 288),
    Footage("foreman_b", "natural/foreman_cif30_h264.mp4", 352, 288, 5, streams=3),
    Footage("frog", "natural/mdn_frog_480p30_h264_aac.mp4", 720, 480, 0.3),
    Footage("graphics", "natural/graphics_1080p30_hevc_aac.mp4", 1920, 1080, 2),
    Footage("interview", "broken/ax_sample.mp4", 1080, 720, 0, 1, streams=2, mimics=0),
    Footage("leaves", "opencv/tree.avi", 320, 240, 1, streams=3, mimics=0, moving=3),
    Footage("marathon", "natural/marathon_400p2997_h264.mp4", 720, 400, 0, mimics=0, moving=3),
    Footage("megamind", "opencv/Megamind.avi", 720, 528, 1, streams=3, mimics=0, moving=2),
    Footage("megamind_b", "opencv/Megamind.avi", 720, 528, 6, streams=2, mimics=0, moving=1),
    Footage("men", "natural/men_whisper_h264_es.264", 640, 320, 0),
    Footage("nasa", "natural/nasa_13013_h264_aac.mp4", 480, 270, 1.7, 4, 1),
    Footage("nasa_b", "natural/nasa_13013_h264_aac.mp4", 480, 270, 7, 4, 1, streams=3),
    Footage("roadtrip", "odd/ax_roadtrip-vp92-10bit.webm", 426, 240, 0, 3),
    Footage("rooftop", "odd/rooftop_1080p2997_hevc10_hlg_aac_editlist.mp4", 1080, 1920, 0, 2.5),
    Footage("room", "natural/room_240p30_theora_vorbis.ogg", 360, 240, 2),
    Footage("seagull", "natural/seagull_400p24_mpeg4_mp3.avi", 960, 400, 0.7, 3.3),
    Footage("stars", "natural/stars_1080p50_h264_pcm.mov", 1920, 1080, 0, 2),
    Footage("television", "ts/tsduck_025_mpeg2_576i25_mp2.ts", 720, 576, 0.6, 2.6),
    Footage("trailer", "natural/sintel_trailer_720p24_h264_aac.mp4", 1280, 720, 14),
    Footage("trailer_b", "natural/sintel_trailer_720p24_h264_aac.mp4", 1280, 720, 24, streams=3),
    Footage("trailer_c", "natural/sintel_trailer_720p24_h264_aac.mp4", 1280, 720, 34, streams=3),
    Footage("train", "dash/train_ad/manifest.mpd", 640, 360, 0),
    Footage("train_b", "dash/train_ad/manifest.mpd", 640, 360, 5, streams=3),
    Footage("valley", "odd/ax_sample_with_colr_mdcv_and_clli.mp4", 1920, 1080, 0, 1),
    Footage("webcam", "natural/webcam_360p30_h264_aac.flv", 640, 360, 4.7),
    Footage("webcam_b", "natural/webcam_360p30_h264_aac.flv", 640, 360, 11, streams=3),
]

# Sizes that pictures are sent in.
SIZES = [(512, 288), (512, 288), (640, 360), (640, 360), (640, 360), (640, 360), (768, 432), (768, 432), (960, 540), (1280, 720)]

# Pictures a second.
RATE = 25

# Honest pictures that look like damage, as graphs of filters; {w} and {h} are the size. They lie over the footage or replace it.
MIMICS = {
    "mosaic": "[a]split[a0][a1];[a1]crop={w}/3:{h}/3:{w}/4:{h}/4,scale=iw/16:ih/16:flags=area,scale={w}/3:{h}/3:flags=neighbor[m];"
    "[a0][m]overlay={w}/4+{w}/8*sin(t):{h}/4",
    "mosaic of all": "[a]scale={w}/16:{h}/16:flags=area,scale={w}:{h}:flags=neighbor",
    "retro graphics": "[a]scale=128:72:flags=neighbor,lutyuv=y='floor(val/40)*40+16':u='floor(val/48)*48+16':v='floor(val/48)*48+16',scale={w}:{h}:flags=neighbor",
    "game": "[a]nullsink;life=s=80x45:r=25:mold=20:ratio=0.2:death_color=0x604020:life_color=0x40e080,scale={w}:{h}:flags=neighbor",
    "confetti": "nullsrc=s=160x90:r=25:d=9,format=gray,geq=lum='255*lt(random(1),0.02)',scale={w}:{h}:flags=neighbor,scroll=v=-0.02:h=0.004[c];"
    "color=0xd03060:s={w}x{h}:r=25:d=9[d];[d][c]alphamerge[e];[a][e]overlay",
    "rain": "nullsrc=s=320x24:r=25:d=9,format=gray,geq=lum='150*lt(random(1),0.03)',scale={w}:{h}:flags=bilinear[c];"
    "color=0xc0c0d0:s={w}x{h}:r=25:d=9[d];[d][c]alphamerge[e];[a][e]overlay",
    "subtitles": "[a]drawtext=text='%{{pts\\:hms}} What the narrator says\nfills two lines of text':fontcolor=white:fontsize={h}/14:box=1:boxcolor=black:"
    "x=(w-text_w)/2:y=h*0.8,drawbox=x=32:y=32:w=96:h=48:color=yellow:t=fill",
    "noise": "[a]noise=c0s=18:c0f=t",
    "upscaled": "[a]scale={w}/4:{h}/4:flags=bicubic,scale={w}:{h}:flags=bicubic",
    "split screen": "[a]split=4[s0][s1][s2][s3];[s0]scale={w}/2:{h}/2[t0];[s1]scale={w}/2:{h}/2,hflip[t1];[s2]scale={w}/2:{h}/2,negate[t2];"
    "[s3]scale={w}/2:{h}/2,vflip[t3];[t0][t1][t2][t3]xstack=inputs=4:layout=0_0|w0_0|0_h0|w0_h0",
}

# Honest footage that moves a lot, as graphs of filters.
MOTIONS = {
    "fast": "[a]select='not(mod(n,3))',setpts=N/25/TB",
    "passing": "[a]split[a0][a1];[a1]split[b0][b1];[b1]hflip[b2];[b0][b2]hstack,scroll=h=-0.011,crop={w}:{h}/2:0:{h}/4[m];[a0][m]overlay=0:{h}/3",
    "passing slowly": "[a]split[a0][a1];[a1]split[b0][b1];[b1]hflip[b2];[b0][b2]hstack,scroll=h=0.0035,crop={w}:{h}/2:0:{h}/3[m];[a0][m]overlay=0:{h}/4",
    "pan": "[a]split[a0][a1];[a1]hflip[m];[a0][m]hstack,scroll=h=0.0083,crop={w}:{h}:0:0",
    "tilt": "[a]split[a0][a1];[a1]vflip[m];[a0][m]vstack,scroll=v=-0.0097,crop={w}:{h}:0:0",
    "zoom": "[a]scale=w='2*floor({w}*(1.02+0.35*abs(sin(1.7*t)))/2)':h='2*floor({h}*(1.02+0.35*abs(sin(1.7*t)))/2)':eval=frame:flags=bicubic,crop={w}:{h}",
    "shaking": "[a]crop=2*floor({w}*0.42):2*floor({h}*0.42):x='{w}*0.07*(1+sin(7*t)+0.2*sin(31*t))':y='{h}*0.07*(1+cos(9*t)+0.2*sin(23*t))'",
}


def source(path: str, media: Path) -> str:
    """FFmpeg's input; {a,b} of a folder are read one after the other."""
    if not path.startswith("concat:"):
        return str(media / path)
    folder, files = path.removeprefix("concat:").removesuffix("}").split("{")
    return "concat:" + "|".join(str(media / folder / f) for f in files.split(","))


def master(footage: Footage, size: tuple[int, int], mimic: str, media: Path, file: Path) -> None:
    """Makes the footage in a size, every picture of it at RATE, nearly without loss."""
    width, height = size
    fit = f"scale={width}:{height}:force_original_aspect_ratio=increase:flags=bicubic:out_range=tv,crop={width}:{height},setsar=1,format=yuv420p"
    deinterlace = "bwdif=mode=send_frame," if footage.name == "television" else ""
    graph = f"[0:v:{footage.track}]{deinterlace}setpts=N/{RATE}/TB,{fit}"
    if mimic:
        graph += "[a];" + (MIMICS | MOTIONS)[mimic].format(w=width, h=height) + f",scale={width}:{height},setsar=1,format=yuv420p"
    seek = ["-ss", str(footage.start)] if footage.start else []
    run([*seek, "-i", source(footage.path, media), "-filter_complex", graph + "[v]", "-map", "[v]", "-r", str(RATE),
         "-frames:v", str(int(footage.length * RATE)), "-c:v", "libx264", "-preset", "ultrafast", "-qp", "6", "-threads", "1", "-f", "matroska", str(file)])


def run(arguments: list[str]) -> None:
    """Runs FFmpeg quietly; what it says is told when it fails."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ffmpeg {' '.join(arguments)}: {done.stderr[-2000:]}")
