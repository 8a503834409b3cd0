"""The report of a render: what was chosen, what it cost and what the seams look like."""

import base64
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Source, clip_id, video_of
from data_catalog.keys import equals, split_clip_id
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.errors import InputError
from tasks.rendering.lip_watch import LipWatch
from tasks.rendering.seam_figures import read_seam_figures
from tasks.rendering.seam_strips import SeamStrips, inlined
from tasks.rendering.seam_watch import SeamWatch
from tasks.runtime.faults import is_disk_full
from tasks.views.columns import matrix
from tasks.views.footage.fit_picture import read_fit_picture
from tasks.views.paths.lips import lip_figures
from tasks.views.paths.playback import Playback
from tasks.views.paths.stand_ins import read_stand_ins, repeated_frames
from tasks.views.speech import read_speech_features

if TYPE_CHECKING:
    from tango_models.report.data import SeamReport

FPS = 30
_FOOTAGE_SHARE = 0.25  # of the room for pictures that those of the footage may take
_LIPS_SHARE = 0.15  # that those of the lips may
_SPEAKING, _SILENT = 0.5, 0.2  # voice activity
_LIP_MEANINGS = {
    "mouths_painted": "share of the frames that got a mouth from elsewhere in the footage, so that it fits the speech",
    "mouth_changes_per_second": "how often that mouth comes from another moment",
    "mouth_changes_that_pop": "share of these changes that can be seen: 2.5 times as much of the head is new as else",
}


class RenderReport:
    """The page of a render: begun before it, shown every frame of it, then written.

    Args:
        lips: they were matched to the speech, and the page says how.
        most_bytes: of the pictures in the page. Those of the footage have a quarter of it at most, that which is shown
            longest first; those of the lips, where they were matched, have a seventh; the worst seams have the rest.
    """

    def __init__(
        self,
        source: Source,
        path_id: str,
        playback: Playback,
        *,
        method: str,
        size: tuple[int, int],
        most_bytes: int,
        lips: bool = False,
    ) -> None:
        self._lips = lip_figures(source, path_id) if lips else ({}, [])
        self._source, self._playback = source, playback
        columns = ["path_id", "speech_id", "clip_ids", "seam_cost", "cost", "bound", "overused", "repeats"]
        self._path = source.table("paths").read(columns, where=equals(path_id=path_id)).to_pylist()[0]
        self._figures = read_seam_figures(source, playback, method, size)
        self._fits = _fit_pictures(source, playback, int(_FOOTAGE_SHARE * most_bytes))
        room = most_bytes - sum(inlined(jpeg) for jpeg in self._fits.values())
        self._lip_watch: LipWatch | None = None
        if lips:
            for_lips = int(_LIPS_SHARE * most_bytes)
            self._lip_watch = LipWatch(source, path_id, playback, size, most_bytes=for_lips)
            room -= for_lips
        self._watch = SeamWatch(source, playback, size)
        self._strips = SeamStrips(playback, most_bytes=room)
        self._ranked: set[int] = set()

    def see(self, t: int, frame: np.ndarray) -> None:
        """Take what is wanted of output frame `t`; called for every frame, in order."""
        self._strips.see(t, frame)
        self._watch.see(t, frame)
        self._rank(self._watch.told())
        if self._lip_watch is not None:
            self._lip_watch.see(t, frame)

    def _rank(self, visible: Iterable[tuple[int, float]]) -> None:
        for k, value in visible:
            if k not in self._ranked:
                self._ranked.add(k)
                self._strips.rank(k, value)

    @property
    def poster(self) -> str:
        """A small picture of the most visible seam of a written report as a data URI; "" when there is no seam."""
        jpeg = self._strips.poster
        return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else ""

    def write(self, page: Path, video: Path, settings: dict) -> dict[str, float]:
        """Write the HTML page of a render that was seen; returns its figures."""
        from tango_models.report.data import Figure, FitPicture, LipMoment, ReportData
        from tango_models.report.page import build_report

        source, playback, path = self._source, self._playback, self._path
        speech, n_frames = read_speech_features(source, path["speech_id"])
        spoken = source.table("speech").read(["speech_id", "file_name"], where=equals(speech_id=path["speech_id"]))
        videos = playback.videos
        names = _file_names(source, videos)
        motion = _motion_energy(source, playback)
        voice = np.asarray(speech.voice[:n_frames])
        repeats = int(repeated_frames(playback, read_stand_ins(source, videos)).sum())
        seen, figures = self._watch.figures()
        self._rank(enumerate(seen))
        metrics = _metrics(playback, motion, voice, path) | {"repeated_frames": repeats} | figures
        meanings = _meanings(smooth=settings["seams"]["smooth_cadence"])
        matched, notes = self._lips
        opening, moments = np.zeros(0), list[LipMoment]()
        if self._lip_watch is not None:
            opening = self._lip_watch.opening
            moments, matched["mouth_changes_that_pop"] = self._lip_watch.moments()
        metrics |= matched
        meanings |= {name: _LIP_MEANINGS[name] for name in matched}
        number = {video: k for k, video in enumerate(videos)}
        data = ReportData(
            title=video.stem,
            avatar=settings["avatar"],
            speech=spoken["file_name"][0].as_py(),
            video_file=video.name,
            videos=[names[v] for v in videos],
            source_seconds=playback.frame / FPS,
            source_video=np.array([number[video_of(track)] for track in playback.track], np.int32),
            speech_energy=10 ** (np.asarray(speech.energy[:n_frames]) / 20),  # dB to amplitude: silence at the foot
            voice_activity=voice,
            motion_energy=motion,
            seams=self._seams(names, seen),
            figures=[Figure(name.replace("_", " "), f"{metrics[name]:.4g}", meanings[name]) for name in meanings],
            fits=[FitPicture(names[video_of(track)], jpeg) for track, jpeg in sorted(self._fits.items())],
            lips=opening if np.isfinite(opening).any() else np.zeros(0),
            lip_moments=moments,
            notes=notes,
            settings={key: value for key, value in settings.items() if key != "versions"},
            versions=settings["versions"],
        )
        try:
            with page.open("w", encoding="utf-8") as file:
                file.writelines(build_report(data))
        except OSError as error:
            fault = "the disk is full" if is_disk_full(error) else f"cannot be written ({error.strerror})"
            raise InputError(str(page), fault, "free some space or name another --out") from error
        return metrics

    def _seams(self, names: dict[str, str], seen: list[float]) -> "list[SeamReport]":
        from tango_models.report.data import SeamReport

        return [
            SeamReport(
                output_frame=seam.cut,
                source=_place(names, seam.src, after=True),
                target=_place(names, seam.dst, after=False),
                cost=cost,
                strip=self._strips.strips.get(k, b""),
                window=(seam.frames.start, seam.frames.stop),
                shift=seam.shift,
                terms=figures.terms,
                quality=figures.quality | {"visibility": visibility},
                made_by=figures.made_by,
            )
            for k, (seam, cost, figures, visibility) in enumerate(
                zip(self._playback.seams, self._path["seam_cost"], self._figures, seen, strict=False)
            )
        ]


def _fit_pictures(source: Source, playback: Playback, most_bytes: int) -> dict[str, bytes]:
    """By track, a JPEG of its fit: those that are shown longest, as many as have room inside a page."""
    found: dict[str, bytes] = {}
    for track, _ in Counter(playback.track).most_common():
        if jpeg := read_fit_picture(source, track):
            most_bytes -= inlined(jpeg)
            if most_bytes < 0:
                break
            found[track] = jpeg
    return found


def _meanings(*, smooth: bool) -> dict[str, str]:
    stand_in = "a picture in between stands in for each" if smooth else "as they are"
    return {
        "seams": "jumps in the video",
        "seams_per_minute": "how often the footage jumps",
        "mean_seam_cost": "what was predicted to be seen of them: 0.5 as of natural playback, 1 is just seen",
        "clips_used": "different clips of the avatar",
        "most_uses_of_a_clip": "how often the commonest one is shown",
        "uses_beyond_limit": "so many of all uses are more than a clip should have; no way without them was found",
        "jumps_repeated_soon": "from about where to about where another went a few seconds before",
        "search_gap": "a better path could cost so much less, of this one's cost; 0 is the best there is",
        "repeated_frames": f"shown where the footage shows one picture twice; {stand_in}",
        "seams_that_pop": "share of the jumps that can be seen: 2.5 times as much is new in a frame as usually",
        "elsewhere_pop": "the same of as many frames where there is no jump",
        "worst_seam": "1: as the frames around, above 2.5 it can be seen",
        "worst_elsewhere": "the same where there is no jump: what the footage itself does",
        "worst_background": "the worst jump behind the speaker",
        "worst_background_elsewhere": "the same where there is no jump: footage renews its noise at key frames",
        "motion_speaking": "mean speed of upper body and hands while there is speech, m/s",
        "motion_silent": "the same in silence",
    }


def _file_names(source: Source, videos: list[str]) -> dict[str, str]:
    rows = source.table("videos").read(["video_id", "file_name"], where=equals(video_id=videos)).to_pylist()
    return {row["video_id"]: row["file_name"] for row in rows}


def _place(names: dict[str, str], clip: str, *, after: bool) -> str:
    track, index = split_clip_id(clip)
    return f"{names[video_of(track)]} {(index + after) * CLIP_FRAMES / FPS:.2f} s"


def _motion_energy(source: Source, playback: Playback) -> np.ndarray:
    """(T,) motion energy of the source frame of every output frame."""
    tracks = sorted(set(playback.track))
    table = source.table("clips").read(["clip_id", "motion_energy"], where=equals(track_id=tracks))
    by_clip = dict(zip(table["clip_id"].to_pylist(), matrix(table["motion_energy"]), strict=True))
    shown = zip(playback.track, playback.frame.tolist(), strict=True)
    return np.array([by_clip[clip_id(track, f // CLIP_FRAMES)][f % CLIP_FRAMES] for track, f in shown], np.float32)


def _gap(path: dict) -> float:
    if path["bound"] is None:
        return float("nan")
    return max(0.0, path["cost"] - path["bound"]) / max(abs(path["cost"]), 1e-9)


def _metrics(playback: Playback, motion: np.ndarray, voice: np.ndarray, path: dict) -> dict[str, float]:
    n_frames = len(playback.frame)
    uses = np.unique(path["clip_ids"], return_counts=True)[1]

    def mean(mask: np.ndarray) -> float:
        return float(motion[mask].mean()) if mask.any() else float("nan")

    return {
        "frames": n_frames,
        "seams": len(playback.seams),
        "seams_per_minute": len(playback.seams) / (n_frames / FPS / 60),
        "mean_seam_cost": float(np.mean(path["seam_cost"])) if path["seam_cost"] else 0.0,
        "clips_used": len(uses),
        "most_uses_of_a_clip": int(uses.max()),
        "uses_beyond_limit": path["overused"] or 0,
        "jumps_repeated_soon": path["repeats"] or 0,
        "search_gap": _gap(path),
        "motion_speaking": mean(voice >= _SPEAKING),
        "motion_silent": mean(voice <= _SILENT),
    }
