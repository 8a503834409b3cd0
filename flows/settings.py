"""Every setting of the product, in one tree with one default each.

Read from the environment (`TANGO_CATALOG`, `TANGO_STAGES__FIT_SMPLX__BODY`, …) or from a TOML file named by
`TANGO_SETTINGS`. Deployments pass the same tree as a parameter.
"""

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tasks.analyse_speech import AnalyseSpeechConfig
from tasks.create_clips import CreateClipsConfig
from tasks.detect_landmarks import DetectLandmarksConfig
from tasks.extract_frames import ExtractFramesConfig
from tasks.fit_smplx import FitSmplxConfig
from tasks.interpolate_seams import InterpolateSeamsConfig
from tasks.render_video import RenderVideoConfig
from tasks.retrieve_path import RetrievePathConfig
from tasks.runtime.cluster import ClusterSettings
from tasks.score_edges import ScoreEdgesConfig
from tasks.views.embedding_model import EmbeddingModelConfig


class StageSettings(BaseModel):
    """The configuration of each stage; its hash is part of every row's version. For embeddings: `Settings.aumoclip`."""

    extract_frames: ExtractFramesConfig = ExtractFramesConfig()
    detect_landmarks: DetectLandmarksConfig = DetectLandmarksConfig()
    fit_smplx: FitSmplxConfig = FitSmplxConfig()
    create_clips: CreateClipsConfig = CreateClipsConfig()
    score_edges: ScoreEdgesConfig = ScoreEdgesConfig()
    analyse_speech: AnalyseSpeechConfig = AnalyseSpeechConfig()
    retrieve_path: RetrievePathConfig = RetrievePathConfig()
    interpolate_seams: InterpolateSeamsConfig = InterpolateSeamsConfig()
    render_video: RenderVideoConfig = RenderVideoConfig()


class Settings(BaseSettings):
    """
    Attributes:
        catalog: folder or object-store URI of the Lance tables.
        aumoclip: the embedding that clips and speech are compared in.
        storage_options: credentials and endpoint of the object store, as Lance takes them.
        max_failed_share: a flow run ends Failed when more than this share of its units is not `ok`.
        max_attempts: a unit that failed this often in one version is left alone until its version changes.
        task_retries: how often a task is tried again after a fault that may pass.
    """

    model_config = SettingsConfigDict(env_prefix="TANGO_", env_nested_delimiter="__", extra="ignore")

    catalog: str = "tango_catalog"
    storage_options: dict[str, str] = Field(default_factory=dict)
    cluster: ClusterSettings = ClusterSettings()
    stages: StageSettings = StageSettings()
    aumoclip: EmbeddingModelConfig = EmbeddingModelConfig()
    max_failed_share: float = Field(default=0.0, ge=0, le=1)
    max_attempts: int = Field(default=5, ge=1)
    task_retries: int = Field(default=2, ge=0)

    def stage_configs(self) -> dict[str, dict[str, Any]]:
        """Every stage's configuration as JSON; all that embed or compare embeddings use the same model, and
        renders show the seams that `interpolate_seams` makes."""
        configs = self.stages.model_dump(mode="json")
        model = self.aumoclip.model_dump(mode="json")
        configs["retrieve_path"]["model"] = model
        configs["render_video"]["seams"] = configs["interpolate_seams"]
        return configs | {"embed_clips": model, "embed_speech": model}

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        order = [sources["init_settings"], sources["env_settings"]]
        if path := os.environ.get("TANGO_SETTINGS"):
            if not Path(path).is_file():
                raise ValueError(f"TANGO_SETTINGS={path}: no such file; name an existing TOML file or unset it")
            order.append(TomlConfigSettingsSource(settings_cls, toml_file=path))
        return tuple(order)
