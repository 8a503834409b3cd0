"""Commands that can never do what they are asked: each with what is the matter and what to do, which its line says."""

import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.made_catalog import make_catalog
from flows.configuration.settings import Settings
from tests.media_samples import tone, write_sound, write_video

AVATAR = "avatar00000"
"""In the catalog `cat`; complete."""
_OUT = ("--out", "o.mp4")
_PLACEHOLDER = "PORT"


@dataclass(frozen=True)
class Hopeless:
    """
    Attributes:
        said: parts of its only line: the input, what is the matter with it, what to do.
        environment: beside that of the process. `PORT` in it, or in the arguments, is one that another program has.
    """

    arguments: tuple[str, ...]
    said: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    def at(self, port: int) -> "Hopeless":
        """The command with the port of that other program."""
        arguments, said = (tuple(a.replace(_PLACEHOLDER, str(port)) for a in t) for t in (self.arguments, self.said))
        return Hopeless(arguments, said, {k: v.replace(_PLACEHOLDER, str(port)) for k, v in self.environment.items()})


def make_files(folder: Path) -> None:
    """What the commands name, in the folder that they are given in."""
    make_catalog(Settings(catalog=str(folder / "cat")), avatars=1, clips=8)
    random = np.random.default_rng(0)
    write_video(folder / "v.mp4", [random.integers(0, 255, (64, 64, 3), np.uint8) for _ in range(30)])
    write_sound(folder / "s.wav", tone(1.0, 16000))
    write_sound(folder / "sound.mp4", tone(1.0, 16000), codec="aac")
    (folder / "text.mp4").write_text("This is no video.\n" * 100)
    (folder / "text.wav").write_text("This is no sound.\n" * 100)
    (folder / "text.npz").write_text("This is no motion.\n")
    np.savez(folder / "strange.npz", a=1)
    for name in ("empty.mp4", "empty.wav", "empty.csv", "file"):
        (folder / name).touch()
    with wave.open(str(folder / "silent.wav"), "wb") as header_only:
        header_only.setparams((1, 2, 16000, 0, "NONE", ""))
    for name in ("folder.mp4", "folder.wav", "nothing", "flat", "other"):
        (folder / name).mkdir()
    (folder / "flat" / "v.mp4").write_bytes((folder / "v.mp4").read_bytes())
    (folder / "other" / "hello.txt").write_text("x")
    (folder / "picture.mp4").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    (folder / "columns.csv").write_text("a,b\n1,2\n")
    (folder / "broken.jsonl").write_text("{none\n")
    (folder / "broken.toml").write_text("catalog = \n")
    (folder / "misspelt.toml").write_text("catalogue = 'x'\n")
    (folder / "table.xlsx").write_text("x")


def _onboard(*arguments: str, said: tuple[str, ...], **environment: str) -> Hopeless:
    return Hopeless(("onboard", "ann", *arguments, "--catalog", "cat"), said, environment)


def _reenact(*arguments: str, said: tuple[str, ...], **environment: str) -> Hopeless:
    return Hopeless(("reenact", AVATAR, *arguments, "--catalog", "cat"), said, environment)


def _named(name: str) -> Hopeless:
    return Hopeless(("onboard", name, "v.mp4", "--catalog", "cat"), ("avatar name", "not allowed", "use 1 to 64"))


def _other(*arguments: str, said: tuple[str, ...], **environment: str) -> Hopeless:
    return Hopeless((*arguments, "--catalog", "cat"), said, environment)


_NOBODY = {"AWS_ENDPOINT": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
_NOBODY |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true"}
_IN_THE_WAY = ("holds no catalog", "--catalog")

HOPELESS: dict[str, Hopeless] = {
    "video that is not there": _onboard("no.mp4", said=("no.mp4", "does not exist", "check the path")),
    "video that is a folder": _onboard("folder.mp4", said=("folder.mp4", "is not a file", "give the path")),
    "video that is text": _onboard("text.mp4", said=("text.mp4", "is not a video", "re-export")),
    "video that is empty": _onboard("empty.mp4", said=("empty.mp4", "is empty", "copy it again")),
    "video that is a picture": _onboard("picture.mp4", said=("picture.mp4", "PNG", "give a video")),
    "video that is sound": _onboard("s.wav", said=("s.wav", "no picture", "give a video")),
    "video at a URL": _onboard("https://a.b/c.mp4", said=("https://a.b/c.mp4", "is a URL", "download it first")),
    "video in no bucket": _onboard("s3://there/v.mp4", said=("there", "nobody answers", "endpoint"), **_NOBODY),
    "no video of a new avatar": _onboard(said=("'ann'", "no video is given", "tango onboard ann VIDEO")),
    "motion that is not there": _onboard("v.mp4", "--motion", "no.npz", said=("no.npz", "not exist", "check the path")),
    "motion that is text": _onboard("v.mp4", "--motion", "text.npz", said=("text.npz", "pickled", "poses")),
    "motion without poses": _onboard("v.mp4", "--motion", "strange.npz", said=("strange.npz", "has no poses", "give")),
    "motion of no video": _onboard("--motion", "strange.npz", said=("strange.npz", "0 videos", "onboard each")),
    **{f"name {name[:9]!r}": _named(name) for name in ("../x", "a/b", ".", "a b", "x" * 65, "a\nb", "con")},
    "no name": Hopeless(("onboard", "", "v.mp4", "--catalog", "cat"), ("''", "is empty", "name an avatar")),
    "body that is not there": _onboard("v.mp4",
        said=("no.npz", "there is no such body file", "give a SMPLX"), TANGO_BODY="no.npz"),
    "cluster of nobody": _onboard("v.mp4", said=("127.0.0.1:9", "cluster"), TANGO_CLUSTER__ADDRESS="ray://127.0.0.1:9"),
    "cluster that is none": _onboard("v.mp4", said=("PORT",), TANGO_CLUSTER__ADDRESS="ray://127.0.0.1:PORT"),
    "cluster at no address": _onboard("v.mp4", said=("http://x", "cluster"), TANGO_CLUSTER__ADDRESS="http://x"),
    "negative CPUs": _onboard("v.mp4", said=("num_cpus",), TANGO_CLUSTER__NUM_CPUS="-1"),
    "speech that is not there": _reenact("no.wav", *_OUT, said=("no.wav", "does not exist", "check the path")),
    "speech that is a folder": _reenact("folder.wav", *_OUT, said=("folder.wav", "is not a file", "give the path")),
    "speech that is text": _reenact("text.wav", *_OUT, said=("text.wav", "is not a video or audio", "re-export")),
    "speech that is empty": _reenact("empty.wav", *_OUT, said=("empty.wav", "is empty", "copy it again")),
    "speech without a sample": _reenact("silent.wav", *_OUT, said=("silent.wav", "no sound", "export it again")),
    "speech at a URL": _reenact("https://a.b/c.wav", *_OUT, said=("https://a.b/c.wav", "is a URL", "download")),
    "speech as the result": _reenact("sound.mp4", "--out", "sound.mp4", said=("sound.mp4", "is what", "another --out")),
    "result of another kind": _reenact("s.wav", "--out", "o.avi", said=("o.avi", "is no .mp4", "name an output")),
    "result in no folder": _reenact("s.wav", "--out", "no/o.mp4", said=("no", "no such folder", "create it")),
    "result that is a folder": _reenact("s.wav", "--out", "folder.mp4", said=("folder.mp4", "is a folder", "name a")),
    "result at a URL": _reenact("s.wav", "--out", "https://a/o.mp4", said=("https://a/o.mp4", "is a URL", "name a")),
    "result of too long a name": _reenact("s.wav", "--out", "o" * 250 + ".mp4", said=("too long a name", "shorter")),
    "unknown avatar": _other("reenact", "bob", "s.wav", *_OUT, said=("'bob'", "unknown", "tango onboard bob")),
    "unknown scorer": _reenact("s.wav", *_OUT, "--scorer", "best", said=("best", "not known", "aumoclip, prosody")),
    "negative weight": _reenact("s.wav", *_OUT, "--scorer", "-1*prosody", said=("-1*prosody", "no weighted sum")),
    "weights that are missing": _reenact("s.wav", *_OUT, "--interpolator", "acinterp", said=("acinterp", "TANGO_ACI")),
    "unknown lips": _reenact("s.wav", *_OUT, "--lips", "yes", said=("--lips yes", "not known", "choose match")),
    "unknown plug": _reenact("s.wav", *_OUT, "--lips", "plug:x", said=("plug:x", "no such plug", "install")),
    "unknown tag": _reenact("s.wav", *_OUT, "--tag", "x", said=("'x'", "unknown", "tango tag x")),
    "no catalog there": Hopeless(("reenact", AVATAR, "s.wav", *_OUT, "--catalog", "nothing"), _IN_THE_WAY),
    "no catalog but a folder": Hopeless(("reenact", AVATAR, "s.wav", *_OUT, "--catalog", "other"), _IN_THE_WAY),
    "catalog that is a file": Hopeless(("onboard", "ann", "v.mp4", "--catalog", "file"), ("file", "is a file", "name")),
    "catalog at no place": Hopeless(("status", "--catalog", "ftp://x/y"), ("ftp://x/y", "is no place", "name")),
    "catalog of nobody": Hopeless(("status", "--catalog", "s3://there/c"), ("there", "nobody answers"), _NOBODY),
    "unknown setting": _reenact("s.wav", *_OUT, said=("TANGO_STAGE__RENDER_VIDEO__CRF", "stages"),
                                TANGO_STAGE__RENDER_VIDEO__CRF="16"),
    "setting that is nonsense": _reenact("s.wav", *_OUT, said=("TANGO_STAGES__RENDER_VIDEO__CRF",),
                                         TANGO_STAGES__RENDER_VIDEO__CRF="nice"),
    "settings that are not there": _other("status",
        said=("no.toml", "no such file", "name an existing"), TANGO_SETTINGS="no.toml"),
    "settings that are broken": _other("status", said=("broken.toml", "line 1"), TANGO_SETTINGS="broken.toml"),
    "settings that are misspelt": _other("status", said=("catalogue", "catalog"), TANGO_SETTINGS="misspelt.toml"),
    "settings that are a folder": _other("status", said=("nothing", "file"), TANGO_SETTINGS="nothing"),
    "home that is a file": _onboard("v.mp4", said=("file", "folder"), TANGO_HOME="file"),
    "dataset that is not there": _other("preprocess", "no", said=("no", "is no folder", "name a folder")),
    "dataset without a video": _other("preprocess", "nothing", said=("nothing", "holds no <avatar>", "put each")),
    "dataset without folders": _other("preprocess", "flat", said=("flat", "folder")),
    "dataset that is a video": _other("preprocess", "v.mp4", said=("v.mp4", "manifest")),
    "dataset at a URL": _other("preprocess", "https://x/y", said=("https://x/y", "is a URL")),
    "manifest without its columns": _other("preprocess", "columns.csv", said=("columns.csv", "avatar")),
    "manifest that is empty": _other("preprocess", "empty.csv", said=("empty.csv", "empty")),
    "manifest that is broken": _other("preprocess", "broken.jsonl", said=("broken.jsonl",)),
    "manifest of another kind": _other("preprocess", "table.xlsx", said=("table.xlsx", ".csv")),
    "status of nobody": _other("status", "bob", said=("'bob'", "unknown")),
    "status at no stage": _other("status", "--stage", "cooking", said=("cooking", "extract_frames")),
    "rerun of no stage": _other("rerun", "--stage", "cooking", said=("cooking", "extract_frames")),
    "rerun of nobody": _other("rerun", "bob", said=("'bob'", "unknown")),
    "tag of no name": _other("tag", "a/b", said=("'a/b'", "not allowed")),
    "tag that is not there": _other("tag", "x", "--delete", said=("'x'", "unknown", "nothing to delete")),
    "nobody to forget": _other("forget", "bob", said=("'bob'", "unknown")),
    "no name to forget": _other("forget", "", said=("''", "is empty", "tango status")),
    "no name of a video to forget": _other("forget", AVATAR, "", said=("'':", "no video", "name one")),
    "no video to forget": _other("forget", AVATAR, "z.mp4", said=("z.mp4",)),
    "no speech to forget": _other("forget", "--speech", "z.wav", said=("z.wav",)),
    "port that is taken": _other("serve", "--port", "PORT", said=("PORT", "--port")),
    "figures of no catalog": Hopeless(("metrics", "--catalog", "nothing"), _IN_THE_WAY),
    "figures at a port that is taken": _other("metrics", "--port", "PORT", said=("PORT", "--port")),
    "home that is no folder": _other("serve", "--home", "file", said=("file", "--home")),
    "work for nobody": _other("work", said=("PREFECT_API_URL",)),
    "work for a server that is none": _other("work", said=("PORT",), PREFECT_API_URL="http://127.0.0.1:PORT/api"),
    "pairs that are not there": _other("train", "aumoclip", "--folder", "f", "--pairs", "no", said=("no",)),
    "pairs of nothing": _other("train", "aumoclip", "--folder", "f", "--pairs", "nothing",
        said=("nothing", "no pairs")),
    "unknown option of training": _other("train", "aumoclip", "--folder", "f", "--set", "stepz=4",
        said=("stepz", "steps")),
    "training without a start": _other("train", "acinterp", "--folder", "f", "--start", "no.st", said=("no.st",)),
    "training in a file": _other("train", "acinterp", "--folder", "file", said=("file",)),
    "unknown stage of training": _other("train", "acinterp", "--folder", "f", "--stage", "9", said=("9", "refiner")),
    "training on nobody": _other("train", "acinterp", "--folder", "f", "--avatar", "bob", said=("bob",)),
    "nobody to judge": _other("evaluate", "seams", "--avatar", "bob", said=("no render", "tango reenact")),
    "no renders to judge": _other("evaluate", "lips", said=("tango reenact",)),
    "no weights to judge": _other("evaluate", "interpolators", "--weights", "no.st", said=("no.st",)),
    "no checkpoint to convert": Hopeless(("import-weights", "aumoclip", "no.pth", "--out", "x.safetensors"),
        ("no.pth",)),
    "text to convert": Hopeless(("import-weights", "aumoclip", "text.wav", "--out", "x.safetensors"), ("text.wav",)),
    "folder without weights": Hopeless(("import-weights", "acinterp", "nothing", "--out", "x.safetensors"),
        ("nothing",)),
    "nobody to make": Hopeless(("synth", "--out", "x.mp4", "--identity", "zz"), ("zz", "ada")),
    "voice that nobody has": Hopeless(("synth", "--out", "x.mp4", "--voice", "martian"), ("martian",)),
    "speaker in no folder": Hopeless(("synth", "--out", "no/x.mp4"), ("no",)),
    "demo in a file": Hopeless(("demo", "--out", "file"), ("file",)),
}  # fmt: skip
