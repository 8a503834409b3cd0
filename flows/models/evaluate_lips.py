"""Whether the lips of an avatar's renders fit their speech, beside those of its footage with its own sound."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data_catalog import Catalog
from data_catalog.keys import equals
from tango_models.errors import InputError

if TYPE_CHECKING:
    from tango_models.lips.library import MouthLibrary
    from tango_models.lips.visemes import LipTargets
    from tango_models.speech.phones import Phones
    from tango_models.speech.prosody import SpeechFeatures

_ROOM = 0.4  # of the face's size around all places where it is


@dataclass(frozen=True)
class LipFigures:
    """A line of the table. What cannot be told is NaN.

    Attributes:
        name: of the video; lips: `footage` for its own sound, else what made them.
        corr, lag, z: of opening and loudness; see `LoudnessFit`.
        rest: opening in pauses, of that in speech.
        closed: share of p, b and m with closed lips; false: share of open vowels with them.
        sharp: of the mouth's picture, of that in the footage that is shown.
        rim: gradients around the mouth, of those in the footage.
        pops: share of the changes of the mouth's source that can be seen; other: of as many other moments.
    """

    name: str
    lips: str
    corr: float
    lag: int
    z: float
    rest: float
    closed: float
    false: float
    sharp: float = float("nan")
    rim: float = float("nan")
    pops: float = float("nan")
    other: float = float("nan")


@dataclass(frozen=True)
class HeldOutFigures:
    """How well the lips of a video are told from its own sound; see `HeldOut`."""

    name: str
    corr: float
    lag: int
    error: float
    best: float
    average: float


def evaluate_lips(
    settings: Any, avatars: list[str], progress: Callable[[str], None] = lambda name: None
) -> tuple[list[LipFigures], list[HeldOutFigures]]:
    """Watch the renders of the catalog, or of some avatars, whose files are there and whose speech was not dropped, and
    their footage.

    Raises:
        InputError: there is none, or none whose mouths are known.
    """
    from tasks.views.mouths import read_library

    catalog = Catalog(settings.catalog, settings.storage_options)
    where = equals(avatar=avatars) if avatars else None
    columns = ["render_id", "avatar", "uri", "path_id", "speech_id", "source_video", "settings"]
    rows = catalog.table("renders").read(columns, where=where).to_pylist()
    spoken = set(catalog.table("speech").read(["speech_id"])["speech_id"].to_pylist())
    rows = [row for row in rows if row["speech_id"] in spoken and Path(row["uri"]).is_file()]
    figures: list[LipFigures] = []
    held: list[HeldOutFigures] = []
    for avatar in sorted({row["avatar"] for row in rows}):
        videos = sorted(catalog.avatar_videos(avatar))
        known = catalog.table("mouths").read(["video_id", "frame"], where=equals(video_id=videos))
        if not known.num_rows or (library := read_library(catalog, videos)) is None:
            continue
        watch = _Watch(catalog, avatar, videos, library)
        for video in videos:
            progress(f"{avatar}: footage")
            found, told = watch.footage(video)
            figures += found
            held += told
        for row in sorted((row for row in rows if row["avatar"] == avatar), key=lambda row: row["uri"]):
            progress(f"{avatar}: {Path(row['uri']).name}")
            figures.append(watch.render(row))
    if not figures:
        remedy = "run `tango reenact --lips match` first"
        raise InputError(settings.catalog, "has no render of an avatar whose mouths are known", remedy)
    return figures, held


@dataclass(frozen=True)
class _Heard:
    features: SpeechFeatures
    phones: Phones
    targets: LipTargets


class _Watch:
    """Watches what shows one avatar."""

    def __init__(self, catalog: Catalog, avatar: str, videos: list[str], library: MouthLibrary) -> None:
        self._catalog, self._avatar, self._videos, self._library = catalog, avatar, videos, library
        self._usual: dict[str, tuple[float, float]] = {}
        self._heard: dict[str, _Heard] = {}

    def footage(self, video: str) -> tuple[list[LipFigures], list[HeldOutFigures]]:
        """A video with its own sound, if it has one in which somebody speaks."""
        from tango_models.lips.held_out import held_out
        from tango_models.lips.library import collect
        from tango_models.lips.watch import watch_lips
        from tango_models.metrics.lip_sync import loudness_fit
        from tango_models.speech.level import at_common_level
        from tasks.views.frame_source import footage_audio, iter_frames
        from tasks.views.mouths import read_mouths
        from tasks.views.videos import cuts_of, video_frames

        count = video_frames(self._catalog, video)
        seen = watch_lips(iter_frames(self._catalog, video, 0, count), self._box(video))
        self._usual[video] = float(np.nanmean(seen.sharpness)), float(np.nanmean(seen.rim))
        audio = at_common_level(footage_audio(self._catalog, video, 0, -(-count // 4)))
        row = self._catalog.table("videos").read(["video_id", "file_name", "has_audio"], where=equals(video_id=video))
        if not row["has_audio"][0].as_py() or not len(audio):
            return [], []
        heard = _hear(audio)
        if (heard.features.voice >= 0.5).sum() < 30:
            return [], []
        name = row["file_name"][0].as_py()
        energy = heard.features.energy
        opening = seen.opening[: len(energy)]
        lead = loudness_fit(opening, energy[: len(opening)]).lag
        line = self._line(name, "footage", opening, heard, lead=lead)
        frames, mouths = read_mouths(self._catalog, video)
        rows = self._library.video == self._videos.index(video)
        own = collect(
            [(frames, mouths, cuts_of(self._catalog, video))], self._library.shape[rows], self._library.reference
        )
        told = [HeldOutFigures(name, **vars(held_out(own, heard.targets)))] if own is not None else []
        return [line], told

    def render(self, row: dict[str, Any]) -> LipFigures:
        """A rendered video."""
        from tango_models.lips.watch import watch_lips
        from tango_models.media.pictures.frames import iter_frames
        from tango_models.metrics.seam_visibility import visibility
        from tasks.views.speech import read_speech_audio

        if row["speech_id"] not in self._heard:
            self._heard[row["speech_id"]] = _hear(read_speech_audio(self._catalog, row["speech_id"]))
        heard = self._heard[row["speech_id"]]
        lips = json.loads(row["settings"]).get("lips", "off")
        low, high = zip(*(((box := self._box(video))[:2], box[2:]) for video in set(row["source_video"])), strict=True)
        around = tuple(int(v) for v in (*np.min(low, axis=0), *np.max(high, axis=0)))
        seen = watch_lips(iter_frames(row["uri"]), around)  # type: ignore[arg-type]
        shown = [self._usual[video] for video in row["source_video"] if video in self._usual]
        sharp, rim = np.mean(shown, axis=0) if shown else (np.nan, np.nan)
        popping = visibility(seen.residual, self._changes(row["path_id"]))
        return self._line(
            Path(row["uri"]).name,
            lips,
            seen.opening,
            heard,
            sharp=float(np.nanmean(seen.sharpness) / sharp),
            rim=float(np.nanmean(seen.rim) / rim),
            pops=popping.seams_that_pop,
            other=popping.elsewhere_pop,
        )

    def _changes(self, path_id: str) -> list[range]:
        """The frames around each change of the mouth's source in a path; also those of a render without."""
        table = self._catalog.table("lips").read(["path_id", "part", "run"], where=equals(path_id=path_id))
        runs = np.array([run for row in table.sort_by("part").to_pylist() for run in row["run"]])
        return [range(int(t), int(t) + 2) for t in np.flatnonzero(np.diff(runs))] if len(runs) else []

    def _line(
        self, name: str, lips: str, opening: np.ndarray, heard: _Heard, *, lead: int = 0, **rest: float
    ) -> LipFigures:
        from tango_models.lips.visemes import viseme
        from tango_models.metrics.lip_sync import closures, loudness_fit, rest_ratio

        features, limits = heard.features, self._library.range
        count = min(len(opening), len(features.energy))
        opening = opening[:count]
        sounds = [(viseme(s), t - lead / 30) for s, t in zip(heard.phones.symbols, heard.phones.time, strict=True)]
        closing = np.array([t for shape, t in sounds if shape is not None and shape.closes])
        vowels = np.array([t for shape, t in sounds if shape is not None and shape.opening >= 0.5])
        fit = loudness_fit(opening, features.energy[:count])
        closed, false = closures(opening, closing, vowels, closed=limits.closed, wide=limits.wide)
        pause = rest_ratio(opening, features.voice[:count])
        return LipFigures(name, lips, fit.correlation, fit.lag, fit.z, pause, closed, false, **rest)

    def _box(self, video: str) -> tuple[int, int, int, int]:
        """Pixels around the head in a video: where the middle of its face goes, and a face more."""
        from tasks.views.columns import matrix
        from tasks.views.mouths import read_mouths

        table = self._catalog.table("mouths").read(["video_id", "frame", "middle"], where=equals(video_id=video))
        middle = matrix(table["middle"])
        middle = middle[np.isfinite(middle).all(1)]
        frames = table["frame"].to_numpy()
        mesh = read_mouths(self._catalog, video, frames[:: max(1, len(frames) // 50)])[1].mesh
        size = float(np.nanmax(np.nanmax(mesh[:, :, :2], 1) - np.nanmin(mesh[:, :, :2], 1)))
        low, high = middle.min(0) - size * (0.5 + _ROOM), middle.max(0) + size * (0.5 + _ROOM)
        return int(max(0, low[0])), int(max(0, low[1])), int(high[0]), int(high[1])


def _hear(audio: np.ndarray) -> _Heard:
    from tango_models.lips.visemes import lip_targets
    from tango_models.speech.phones import recognise_phones
    from tango_models.speech.prosody import analyse_speech

    features, phones = analyse_speech(audio), recognise_phones(audio)
    return _Heard(features, phones, lip_targets(phones, features.voice, features.energy))
