"""Stage: which mouth of the footage each frame of a path shows, so that the lips follow the speech."""

from typing import ClassVar

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Source, Unit, video_of
from data_catalog.keys import equals
from tango_models.lips.selection import SelectionConfig
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage
from tasks.views.footage.heard import heard_key
from tasks.views.footage.mouths import read_library
from tasks.views.footage.own_lips import read_lead, read_learned
from tasks.views.footage.segments import segment_keys
from tasks.views.footage.videos import video_frames
from tasks.views.paths.lips import PART_FRAMES, lip_row, lips_key
from tasks.views.paths.path_layout import SeamLayout, need_layout, read_playback
from tasks.views.paths.playback import Playback
from tasks.views.speech import read_speech_audio, read_speech_features

_LIMITED = "the mouth is never seen wide open, and the teeth hardly: it opens no further than in the footage"

_LEARNED = (
    "how this speaker's lips follow sounds was learned from the footage; correlation with lips it had not seen, by "
)


class MatchLipsSettings(BaseModel):
    """
    Attributes:
        selection: prices of the search for mouths.
    """

    selection: SelectionConfig = Field(default_factory=SelectionConfig)


class MatchLipsConfig(MatchLipsSettings):
    """
    Attributes:
        seams: as for `interpolate_seams`.
    """

    seams: SeamLayout = SeamLayout()


class MatchLips(Stage):
    name, code_version = "match_lips", "5"
    reads: ClassVar = {
        "analyse_speech": ("prosody", "audio"),
        "retrieve_path": ("path",),
        "extract_frames": ("timing", "shape"),
        "detect_landmarks": ("landmarks",),
        "create_clips": ("takes", "looks"),
        "detect_mouths": ("mouths", "sounds"),
    }
    cores = 1.0
    Config = MatchLipsConfig
    config: MatchLipsConfig

    def plan(self, source: PlanSource, *, path_id: str, tracks: list[str], **_) -> list[Unit]:
        subject = need_layout(source, path_id)
        path = source.table("paths").read(["path_id", "speech_id"], where=equals(path_id=path_id)).to_pylist()[0]
        videos = sorted({video_of(track) for track in tracks})
        source.need("extract_frames", *videos, subject=subject)
        segments = [key for video in videos for key in segment_keys(video, video_frames(source, video))]
        of = {
            "analyse_speech": [path["speech_id"]],
            "retrieve_path": [path_id],
            "extract_frames": videos,
            "detect_landmarks": segments,
            "detect_mouths": segments + [heard_key(video) for video in videos],
            "create_clips": sorted(tracks),
        }
        for stage, units in of.items():
            source.need(stage, *units, subject=subject)
        return [
            self.unit(
                lips_key(path_id), subject=subject, of=of, path_id=path_id, videos=videos, speech_id=path["speech_id"]
            )
        ]

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        from tango_models.lips.blending import painted_lips
        from tango_models.lips.learned import Heard
        from tango_models.lips.library import clear
        from tango_models.lips.selection import Heads, select_mouths
        from tango_models.lips.shapes import painted_shapes
        from tango_models.speech.phones import recognise_phones

        path_id, videos = unit.inputs["path_id"], unit.inputs["videos"]
        speech, n_frames = read_speech_features(source, unit.inputs["speech_id"])
        library = read_library(source, videos)
        if library is None:
            out.write([lip_row(path_id, 0, note="the mouth is seen in hardly any frame of the footage")])
            return
        if not library.range.speaks:
            out.write([lip_row(path_id, 0, note="nobody speaks in the footage: the mouth neither opens nor closes")])
            return
        phones = recognise_phones(read_speech_audio(source, unit.inputs["speech_id"]))
        heard = Heard(phones, speech.voice[:n_frames], speech.energy[:n_frames])
        targets, learned = heard.asks(), read_learned(source, videos, library)
        if learned is not None:
            targets = learned.of(targets, heard)
        targets = targets.ahead(read_lead(source, videos, library))
        playback = read_playback(source, path_id, self.config.seams)
        number = {
            (v, f): k for k, (v, f) in enumerate(zip(library.video.tolist(), library.frame.tolist(), strict=True))
        }
        place = {video: k for k, video in enumerate(videos)}
        seen = np.array([number.get((place[video], frame), -1) for video, frame in playback.pictures])
        made = _made(playback)
        at = np.maximum(seen, 0)
        mouths = library.mouths
        heads = Heads(mouths.yaw[at], mouths.pitch[at], mouths.light[at], np.where(made | (seen < 0), -1, seen))
        chosen = select_mouths(targets, heads, library, self.config.selection)
        shapes = painted_shapes(chosen, targets, library)
        shown = _shown(playback, (seen >= 0) & clear(mouths)[at])
        painted = painted_lips(chosen, heads.own, shown, shapes, library)
        notes = [_LIMITED] * library.range.limited + ([] if learned is None else [_LEARNED + learned.told()])
        for part, start in enumerate(range(0, n_frames, PART_FRAMES)):
            rows, notes = slice(start, min(start + PART_FRAMES, n_frames)), notes if part == 0 else []
            out.write([lip_row(path_id, part, videos, library, painted, shapes, targets, rows, note="; ".join(notes))])


def _shown(playback: Playback, clear: np.ndarray) -> np.ndarray:
    """(T,) bool: frames whose mouth is painted, of those that are `clear` (T,); around a seam all or none."""
    shown = clear.copy()
    for seam in playback.seams:
        window = slice(max(0, seam.frames.start), seam.frames.stop)
        if seam.half and not shown[window].all():
            shown[window] = False
    return shown


def _made(playback: Playback) -> np.ndarray:
    """(T,) bool: frames that no camera took, around the seams."""
    made = np.zeros(len(playback.frame), bool)
    for seam in playback.seams:
        made[max(0, seam.frames.start) : seam.frames.stop] = True
    return made
