"""What is seen of the lips of one avatar: in its footage, in its renders, and in what they could have shown instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data_catalog import Catalog
from data_catalog.keys import equals
from flows.models.lip_figures import HeldOutFigures, LipFigures
from tango_models.lips.plugs import MATCH, OFF

if TYPE_CHECKING:
    from tango_models.lips.library import MouthLibrary
    from tango_models.lips.visemes import LipTargets
    from tango_models.speech.phones import Phones
    from tango_models.speech.prosody import SpeechFeatures

_STRETCH = 30  # frames of the footage that a random mouth goes on for
_LEAST_VOICE = 30  # frames


@dataclass(frozen=True)
class _Heard:
    """A speech, what its sounds ask of the lips, and, where it is known, which sounds were said."""

    features: SpeechFeatures
    phones: Phones
    targets: LipTargets
    said: Phones | None


class LipWatch:
    """Watches what shows one avatar, whose footage first. `said`: see `evaluate_lips`."""

    def __init__(
        self, catalog: Catalog, videos: list[str], library: MouthLibrary, said: Callable[[str], Phones | None]
    ) -> None:
        from tasks.views.footage.own_lips import read_lead

        self._catalog, self._videos, self._library, self._said = catalog, videos, library, said
        self._lead = read_lead(catalog, videos, library)
        self._usual: dict[str, tuple[float, float]] = {}
        self._heard: dict[str, _Heard] = {}
        self._footage: list[np.ndarray] = []  # residuals of the videos
        self._unpainted: dict[str, np.ndarray] = {}  # residuals of renders as the footage moves, by path

    def footage(self, video: str) -> tuple[list[LipFigures], list[HeldOutFigures]]:
        """A video with its own sound, if it has one in which somebody speaks."""
        from tango_models.lips.held_out import held_out
        from tango_models.lips.learned import Heard, learned_elsewhere
        from tango_models.lips.library import collect
        from tango_models.lips.watch import watch_lips
        from tango_models.speech.level import at_common_level
        from tasks.views.footage.frame_source import footage_audio, iter_frames
        from tasks.views.footage.mouths import read_mouths
        from tasks.views.footage.own_lips import video_lead
        from tasks.views.footage.videos import cuts_of, video_frames

        count, number = video_frames(self._catalog, video), self._videos.index(video)
        seen = watch_lips(iter_frames(self._catalog, video, 0, count), self._head([video]))
        self._usual[video] = float(np.nanmean(seen.sharpness)), float(np.nanmean(seen.rim))
        self._footage.append(seen.residual)
        audio = at_common_level(footage_audio(self._catalog, video, 0, -(-count // 4)))
        row = self._catalog.table("videos").read(["video_id", "file_name", "has_audio"], where=equals(video_id=video))
        if not row["has_audio"][0].as_py() or not len(audio):
            return [], []
        heard = _hear(audio, self._said(video))
        if (heard.features.voice >= 0.5).sum() < _LEAST_VOICE:
            return [], []
        name = row["file_name"][0].as_py()
        own = video_lead(self._catalog, video, self._library, number)
        line = self._line(name, "footage", seen.opening, heard, lead=self._lead if own is None else own)
        frames, mouths = read_mouths(self._catalog, video)
        rows = self._library.video == number
        alone = collect(
            [(frames, mouths, cuts_of(self._catalog, video))], self._library.shape[rows], self._library.reference
        )
        told = None if alone is None else held_out(alone, heard.targets.ahead(self._lead))
        if alone is None or told is None:
            return [line], [HeldOutFigures(name, self._lead)]
        sooner = Heard(heard.phones, heard.features.voice, heard.features.energy).sooner(self._lead)
        learned = learned_elsewhere(alone, sooner)
        better = None if learned is None else held_out(alone, learned)
        likeness = float("nan") if better is None else better.corr
        return [line], [HeldOutFigures(name, self._lead, **vars(told), learned=likeness)]

    def lips_of(self, row: dict[str, Any]) -> str:
        """What made the lips of a row of `renders`."""
        return json.loads(row["settings"]).get("lips", OFF)

    def render(self, row: dict[str, Any]) -> list[LipFigures]:
        """A rendered video; behind one whose lips follow the speech, what else it could have shown."""
        from tango_models.lips.watch import watch_lips
        from tango_models.media.pictures.frames import iter_frames
        from tango_models.metrics.seam_visibility import visibility
        from tasks.views.speech import read_speech_audio

        speech, path = row["speech_id"], row["path_id"]
        if speech not in self._heard:
            self._heard[speech] = _hear(read_speech_audio(self._catalog, speech), self._said(speech))
        heard, lips, name = self._heard[speech], self.lips_of(row), Path(row["uri"]).name
        seen = watch_lips(iter_frames(row["uri"]), self._head(sorted(set(row["source_video"]))))
        shown = [self._usual[video] for video in row["source_video"] if video in self._usual]
        sharp, rim = np.mean(shown, axis=0) if shown else (np.nan, np.nan)
        changes = self._changes(path)
        beside, which = self._beside(path if lips == MATCH else "", changes)
        line = self._line(
            name,
            lips,
            seen.opening,
            heard,
            lead=self._lead,
            sharp=float(np.nanmean(seen.sharpness) / sharp),
            rim=float(np.nanmean(seen.rim) / rim),
            pops=visibility(seen.residual, changes).seams_that_pop if changes else float("nan"),
            beside=beside,
            which=which,
        )
        if lips == OFF:
            self._unpainted[path] = seen.residual
        if lips != MATCH:
            return [line]
        instead = {"random": self._random_openings(len(seen.opening))}
        if path not in self._unpainted:
            instead[OFF] = self._own_openings(row)
        return [line, *(self._line(name, other, opening, heard, lead=self._lead) for other, opening in instead.items())]

    def _own_openings(self, row: dict[str, Any]) -> np.ndarray:
        """(T,) openings of the frames of the footage that a render shows."""
        numbers = [self._videos.index(v) if v in self._videos else -1 for v in row["source_video"]]
        known = dict(
            zip(
                zip(self._library.video.tolist(), self._library.frame.tolist(), strict=True),
                self._library.mouths.opening.tolist(),
                strict=True,
            )
        )
        places = zip(numbers, row["source_frame"], strict=True)
        return np.array([known.get(place, np.nan) for place in places], np.float64)

    def _random_openings(self, count: int) -> np.ndarray:
        """(T,) openings of stretches from anywhere in the footage."""
        random, openings = np.random.default_rng(0), self._library.mouths.opening.astype(np.float64)
        starts = random.integers(0, max(1, len(openings) - _STRETCH), -(-count // _STRETCH))
        return np.concatenate([openings[s : s + _STRETCH] for s in starts])[:count]

    def _head(self, videos: list[str]) -> tuple[int, int, int, int]:
        """Pixels around the head in what shows these videos."""
        from tasks.views.footage.canvas import canvas_size
        from tasks.views.footage.mouths import head_box

        canvas = canvas_size(self._catalog, videos)
        return head_box(self._catalog, videos, canvas) or (0, 0, *canvas)

    def _changes(self, path_id: str) -> list[range]:
        """The frames around each change of a painted mouth's source in a path; also those of a render without."""
        from tasks.views.paths.lips import painted_changes

        table = self._catalog.table("lips").read(["path_id", "part", "run", "strength"], where=equals(path_id=path_id))
        rows = table.sort_by("part").to_pylist()
        run, strength = (np.array([value for row in rows for value in row[name]]) for name in ("run", "strength"))
        return [range(t - 1, t + 1) for t in painted_changes(run, strength).tolist()]

    def _beside(self, path: str, changes: Sequence[range]) -> tuple[float, str]:
        """How many of as many other moments can be seen, and where those are."""
        from tango_models.metrics.seam_visibility import visibility

        if not changes:
            return float("nan"), ""
        if path in self._unpainted:
            return visibility(self._unpainted[path], changes).seams_that_pop, OFF
        share = popping_at_random(self._footage, len(changes))
        return share, "footage" if share == share else ""

    def _line(self, name: str, lips: str, opening: np.ndarray, heard: _Heard, *, lead: int, **rest: Any) -> LipFigures:
        from tango_models.lips.visemes import viseme
        from tango_models.metrics.lip_sync import closures, loudness_fit, rest_ratio

        features, limits = heard.features, self._library.range
        count = min(len(opening), len(features.energy))
        opening = opening[:count]

        def judged(sounds: Phones | None) -> tuple[float, float]:
            if sounds is None:
                return float("nan"), float("nan")
            shapes = [(viseme(s), t - lead / 30) for s, t in zip(sounds.symbols, sounds.time, strict=True)]
            closing = np.array([t for shape, t in shapes if shape is not None and shape.closes])
            vowels = np.array([t for shape, t in shapes if shape is not None and shape.opening >= 0.5])
            return closures(opening, closing, vowels, closed=limits.closed, wide=limits.wide)

        fit = loudness_fit(opening, features.energy[:count])
        pause = rest_ratio(opening, features.voice[:count])
        shares = (*judged(heard.phones), *judged(heard.said))
        return LipFigures(name, lips, fit.correlation, fit.lag, fit.z, pause, *shares, **rest)


def popping_at_random(residuals: Sequence[np.ndarray], count: int) -> float:
    """Share of so many random moments of some videos, two frames each, that can be seen; NaN where all are too short.

    Args:
        residuals: (T,) of each; see `metrics.seam_visibility`.
    """
    from tango_models.metrics.seam_visibility import REACH, visibility

    random = np.random.default_rng(0)
    room = np.array([max(0, len(residual) - 2 * REACH - 2) for residual in residuals], float)
    if not room.sum():
        return float("nan")
    of = random.choice(len(residuals), count, p=room / room.sum())
    found = []
    for k, residual in enumerate(residuals):
        starts = random.integers(REACH, REACH + max(1, int(room[k])), int((of == k).sum()))
        found += [visibility(residual, [range(int(t), int(t) + 2) for t in starts])] * bool(len(starts))
    return sum(one.seams_that_pop * len(one.seams) for one in found) / count


def _hear(audio: np.ndarray, said: Phones | None) -> _Heard:
    from tango_models.lips.visemes import lip_targets
    from tango_models.speech.phones import recognise_phones
    from tango_models.speech.prosody import analyse_speech

    features, phones = analyse_speech(audio), recognise_phones(audio)
    targets = lip_targets(phones, features.voice, features.energy)
    return _Heard(features, phones, targets, said)
