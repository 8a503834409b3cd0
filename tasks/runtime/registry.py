"""Stages by name. Their modules are imported when asked for: they pull in heavy libraries.

What else a new stage needs is listed in CONTRIBUTING.md, "Where to put a new thing".
"""

import importlib
from typing import Any

from tasks.runtime.stage import Stage

STAGES: dict[str, str] = {
    "extract_frames": "tasks.extract_frames:ExtractFrames",
    "detect_landmarks": "tasks.detect_landmarks:DetectLandmarks",
    "detect_mouths": "tasks.detect_mouths:DetectMouths",
    "fit_smplx": "tasks.fit_smplx:FitSmplx",
    "create_clips": "tasks.create_clips:CreateClips",
    "embed_clips": "tasks.embed_clips:EmbedClips",
    "score_edges": "tasks.score_edges:ScoreEdges",
    "analyse_speech": "tasks.analyse_speech:AnalyseSpeech",
    "embed_speech": "tasks.embed_speech:EmbedSpeech",
    "retrieve_path": "tasks.retrieve_path:RetrievePath",
    "match_lips": "tasks.match_lips:MatchLips",
    "interpolate_seams": "tasks.interpolate_seams:InterpolateSeams",
    "render_video": "tasks.render_video:RenderVideo",
}
PER_TRACK = ("extract_frames", "detect_landmarks", "fit_smplx", "create_clips", "embed_clips")
"""What is done to one video, in this order; one that fails holds up those behind it. No flow needs to know a name added
here, which is then missing in every avatar until that is onboarded again."""
PER_AVATAR = ("score_edges",)
"""What compares all of an avatar's."""
ONBOARDING = PER_TRACK + PER_AVATAR
REENACTMENT = ("analyse_speech", "embed_speech", "retrieve_path", "match_lips", "interpolate_seams", "render_video")


def stage_class(name: str) -> type[Stage]:
    module, _, attribute = STAGES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def next_stages(name: str, count: int = 2) -> tuple[str, ...]:
    """The stages that come after this one in its pipeline, at most `count`."""
    for pipeline in (ONBOARDING, REENACTMENT):
        if name in pipeline:
            position = pipeline.index(name) + 1
            return pipeline[position : position + count]
    return ()


def create_stage(name: str, config: dict[str, Any] | None = None) -> Stage:
    """A stage from its JSON configuration (defaults where it says nothing)."""
    cls = stage_class(name)
    return cls(cls.Config(**(config or {})))  # type: ignore[attr-defined]
