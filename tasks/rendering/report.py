"""The report of a render: what was chosen, what it cost and what the seams look like."""

import base64
from pathlib import Path

import numpy as np

from data_catalog import Source, clip_id, video_of
from data_catalog.keys import equals, split_clip_id
from data_catalog.schemas import CLIP_FRAMES
from tango_models.errors import InputError
from tasks.runtime.faults import is_disk_full
from tasks.views.columns import matrix
from tasks.views.fit_picture import read_fit_picture
from tasks.views.playback import Playback, SeamWindow
from tasks.views.speech import read_speech_features
from tasks.views.stand_ins import read_stand_ins, repeated_frames
from tasks.views.transitions import transition_id

FPS = 30
_AROUND = 4  # frames shown on each side of a cut, at least
_HEIGHT = 200  # px; the strips are drawn at this height
_TERMS = ("pose", "velocity", "translation", "mask_iou", "hand_iou")
_SPEAKING, _SILENT = 0.5, 0.2  # voice activity


class SeamThumbnails:
    """Collects small pictures around each cut while the video is rendered; memory follows the number of seams."""

    def __init__(self, playback: Playback) -> None:
        self._wanted: dict[int, list[int]] = {}
        self.frames: list[list[np.ndarray]] = [[] for _ in playback.seams]
        for k, seam in enumerate(playback.seams):
            for t in self.times(seam, len(playback.frame)):
                self._wanted.setdefault(t, []).append(k)

    @staticmethod
    def times(seam: SeamWindow, n_frames: int) -> range:
        """Output frames to show: what was made, and what it joins."""
        around = max(_AROUND, seam.half + 1)
        return range(max(0, seam.cut - around), min(n_frames, seam.cut + around))

    def see(self, t: int, frame: np.ndarray) -> None:
        """Take what is wanted of output frame `t`."""
        if t not in self._wanted:
            return
        import cv2

        width = round(frame.shape[1] * _HEIGHT / frame.shape[0])
        small = cv2.resize(frame, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
        for k in self._wanted[t]:
            self.frames[k].append(small)


def write_report(
    source: Source,
    page: Path,
    video: Path,
    path_id: str,
    playback: Playback,
    thumbnails: SeamThumbnails,
    settings: dict,
    *,
    method: str,
    size: tuple[int, int],
) -> tuple[dict[str, float], str]:
    """Write the HTML page of a render.

    Returns:
        its figures, and a small picture of the worst seam as a data URI ("" when there is no seam).
    """
    from tango_models.report.data import Figure, FitPicture, ReportData, SeamReport
    from tango_models.report.page import build_report
    from tango_models.report.strips import seam_strip

    columns = ["path_id", "speech_id", "clip_ids", "seam_cost"]
    path = source.table("paths").read(columns, where=equals(path_id=path_id)).to_pylist()[0]
    speech, n_frames = read_speech_features(source, path["speech_id"])
    spoken = source.table("speech").read(["speech_id", "file_name"], where=equals(speech_id=path["speech_id"]))
    videos = playback.videos
    names = _file_names(source, videos)
    motion = _motion_energy(source, playback)
    voice = np.asarray(speech.voice[:n_frames])
    seams = [
        SeamReport(
            output_frame=seam.cut,
            source=_place(names, seam.src, after=True),
            target=_place(names, seam.dst, after=False),
            cost=cost,
            frames=pictures,
            cut=seam.cut - SeamThumbnails.times(seam, n_frames).start,
            made=[t in seam.frames for t in SeamThumbnails.times(seam, n_frames)],
            window=(seam.frames.start, seam.frames.stop),
            shift=seam.shift,
            terms=_terms(source, seam.src, seam.dst),
            quality=_quality(source, seam.src, seam.dst, transition_id(method, seam.shift, seam.half, size)),
        )
        for seam, cost, pictures in zip(playback.seams, path["seam_cost"], thumbnails.frames, strict=False)
    ]
    repeats = int(repeated_frames(playback, read_stand_ins(source, videos)).sum())
    metrics = _metrics(playback, motion, voice, path) | {"repeated_frames": repeats}
    meanings = {
        "seams": "jumps in the video",
        "seams_per_minute": "how often the footage jumps",
        "mean_seam_cost": "0: as natural playback, 1: at the edge of what is admitted",
        "clips_used": "different clips of the avatar",
        "most_uses_of_a_clip": "how often the commonest one is shown",
        "repeated_frames": "shown where the footage shows one picture twice; "
        + ("a picture in between stands in for each" if settings["seams"]["smooth_cadence"] else "as they are"),
        "motion_speaking": "mean speed of upper body and hands while there is speech, m/s",
        "motion_silent": "the same in silence",
    }
    figures = [Figure(name.replace("_", " "), f"{metrics[name]:.4g}", meanings[name]) for name in meanings]
    data = ReportData(
        title=video.stem,
        avatar=settings["avatar"],
        speech=spoken["file_name"][0].as_py(),
        video_file=video.name,
        videos=[names[v] for v in videos],
        source_seconds=playback.frame / FPS,
        source_video=np.array([videos.index(video) for video, _ in playback.pictures]),
        speech_energy=10 ** (np.asarray(speech.energy[:n_frames]) / 20),  # dB to amplitude: silence at the foot
        voice_activity=voice,
        motion_energy=motion,
        seams=seams,
        figures=figures,
        fits=[
            FitPicture(names[video_of(track)], jpeg)
            for track in sorted(set(playback.track))
            if (jpeg := read_fit_picture(source, track))
        ],
        settings={key: value for key, value in settings.items() if key != "versions"},
        versions=settings["versions"],
    )
    text = build_report(data)
    try:
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        fault = "the disk is full" if is_disk_full(error) else f"cannot be written ({error.strerror})"
        raise InputError(str(page), fault, "free some space or name another --out") from error
    if not seams:
        return metrics, ""
    worst = max((s for s in seams), key=lambda s: s.quality.get("jump", 0.0))
    strip = seam_strip(worst.frames, worst.cut, worst.made, height=120)
    return metrics, f"data:image/jpeg;base64,{base64.b64encode(strip).decode()}"


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


def _terms(source: Source, src: str, dst: str) -> dict[str, float]:
    """The stored parts of an edge's cost; a bridge has none."""
    rows = source.table("edges").read(["src", "dst", *_TERMS], where=equals(src=src, dst=dst)).to_pylist()
    return {name: rows[0][name] for name in _TERMS} if rows else {}


def _quality(source: Source, src: str, dst: str, interpolator_id: str) -> dict[str, float]:
    where = equals(src=src, dst=dst, interpolator_id=interpolator_id)
    columns = ["src", "dst", "interpolator_id", "sharpness", "jump"]
    rows = source.table("transitions").read(columns, where=where).to_pylist()
    return {name: rows[0][name] for name in ("sharpness", "jump")} if rows else {}


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
        "motion_speaking": mean(voice >= _SPEAKING),
        "motion_silent": mean(voice <= _SILENT),
    }
