"""Every setting of the product, in one tree with one default each.

Read from the environment (`TANGO_CATALOG`, `TANGO_STAGES__RENDER_VIDEO__CRF`, …) or from a TOML file named by
`TANGO_SETTINGS`. The commands' flows are passed the same tree as a parameter. A name that is no setting is refused.
"""

import os
from functools import cache
from typing import Any, Self

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from data_catalog.uris.storage_options import StorageOptions
from flows.configuration.setting_faults import check_finite, check_json, faults_of, read_toml
from flows.configuration.setting_names import (
    FILE_VARIABLE,
    PREFIX,
    SEPARATOR,
    Names,
    check_environment,
    check_names,
    names_of,
)
from tango_models.errors import InputError
from tasks.analyse_speech import AnalyseSpeechConfig
from tasks.create_clips import CreateClipsSettings
from tasks.detect_landmarks import DetectLandmarksConfig
from tasks.detect_mouths import DetectMouthsConfig
from tasks.extract_frames import ExtractFramesConfig
from tasks.fit_smplx import FitSmplxSettings
from tasks.interpolate_seams import InterpolateSeamsSettings
from tasks.match_lips import MatchLipsSettings
from tasks.render_video import RenderVideoSettings
from tasks.retrieve_path import RetrievePathSettings
from tasks.runtime.cluster.ray_cluster import ClusterSettings
from tasks.runtime.registry import STAGES
from tasks.score_edges import ScoreEdgesConfig
from tasks.views.embedding_model import EmbeddingModelConfig
from tasks.views.paths.path_layout import SeamLayout


class StageSettings(BaseModel):
    """What is set of one stage alone; its hash is part of every row's version."""

    extract_frames: ExtractFramesConfig = ExtractFramesConfig()
    detect_landmarks: DetectLandmarksConfig = DetectLandmarksConfig()
    detect_mouths: DetectMouthsConfig = DetectMouthsConfig()
    fit_smplx: FitSmplxSettings = FitSmplxSettings()
    create_clips: CreateClipsSettings = CreateClipsSettings()
    score_edges: ScoreEdgesConfig = ScoreEdgesConfig()
    analyse_speech: AnalyseSpeechConfig = AnalyseSpeechConfig()
    retrieve_path: RetrievePathSettings = RetrievePathSettings()
    match_lips: MatchLipsSettings = MatchLipsSettings()
    interpolate_seams: InterpolateSeamsSettings = InterpolateSeamsSettings()
    render_video: RenderVideoSettings = RenderVideoSettings()


class MetricsSettings(BaseModel):
    """Figures of the catalog for Prometheus.

    Attributes:
        port: on which `tango serve` and `tango work` give them; None: they give none. Nobody is asked for a password.
        host: address of this machine to listen at; the default is reached from this machine alone.
        seconds: between two looks at the catalog at least; also ten times what a look takes.
    """

    port: int | None = Field(default=None, ge=1, le=65535)
    host: str = "127.0.0.1"
    seconds: float = Field(default=15.0, ge=1)


class Settings(BaseSettings):
    """
    Attributes:
        catalog: folder or object-store URI of the Lance tables.
        home: folder of Prefect's database, and of the logs of `tango serve`; None: beside the catalog.
        pool: of Prefect's, from which `tango serve` and `tango work` take their runs: one for each catalog of a server.
        runs_at_a_time: on this machine; the others wait. None: 2, or 16 where the work is done by a cluster elsewhere.
        metrics: figures for Prometheus.
        dataset: folder or manifest that the deployment `preprocess-dataset` takes when its form names none.
        body: path of the licensed `SMPLX_NEUTRAL*.npz`; None takes the open body in the package.
        aumoclip: the embedding that clips and speech are compared in.
        acinterp: path of the weights of that interpolator; without them it cannot be chosen.
        storage_options: credentials and endpoint of the object store, as Lance takes them.
        max_failed_share: a flow run ends Failed when more than this share of its units is not `ok`.
        max_attempts: a unit that failed in so many runs in one version, and never went well since, is left alone until
            its version changes, a run is tried again (*Retry*), or somebody asks for it (`tango rerun`, `reenact`).
        task_retries: how often a task is tried again after a fault that may pass.
        transitions_mb: MB that the seams of all renders may take in the catalog. Those longest out of use are dropped
            after a render, and made again when they are wanted.
        speech_mb: MB that what was made of speeches (sound, embeddings and lips, some 300 for an hour) may take in the
            catalog; bounded like the seams.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=SEPARATOR, extra="ignore")

    catalog: str = "tango_catalog"
    storage_options: StorageOptions = {}
    home: str | None = None
    pool: str = Field(default="tango", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)
    runs_at_a_time: int | None = Field(default=None, ge=1)
    metrics: MetricsSettings = MetricsSettings()
    dataset: str | None = None
    body: str | None = None
    cluster: ClusterSettings = ClusterSettings()
    stages: StageSettings = StageSettings()
    aumoclip: EmbeddingModelConfig = EmbeddingModelConfig()
    acinterp: str | None = None
    max_failed_share: float = Field(default=0.0, ge=0, le=1)
    max_attempts: int = Field(default=5, ge=1)
    task_retries: int = Field(default=2, ge=0)
    transitions_mb: int = Field(default=4096, ge=0)
    speech_mb: int = Field(default=4096, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _known_names(cls, values: Any) -> Any:
        check_names(setting_names(), values)
        return values

    @model_validator(mode="after")
    def _finite(self) -> Self:
        check_finite(self.model_dump())
        return self

    def stage_configs(self) -> dict[str, dict[str, Any]]:
        """Every stage's configuration as JSON. What several stages share is set once and given to each of them."""
        configs = self.stages.model_dump(mode="json")
        model = self.aumoclip.model_dump(mode="json")
        configs["fit_smplx"]["body"] = configs["create_clips"]["body"] = self.body
        configs["retrieve_path"] |= {"model": model, "edges": configs["score_edges"]["edges"]}
        seams = configs["interpolate_seams"]
        layout = {name: seams[name] for name in SeamLayout.model_fields}
        configs["render_video"]["seams"] = configs["match_lips"]["seams"] = layout
        seams["acinterp"] = configs["render_video"]["acinterp"] = self.acinterp
        return configs | {"embed_clips": model, "embed_speech": model}

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        check_json(cls, os.environ)
        check_environment(setting_names(), os.environ)
        order = [sources["init_settings"], sources["env_settings"]]
        if path := os.environ.get(FILE_VARIABLE):
            order.append(InitSettingsSource(settings_cls, read_settings_file(path, f"{FILE_VARIABLE}={path}")))
        return tuple(order)


@cache
def setting_names() -> Names:
    """All names in the tree of settings."""
    return names_of(Settings, {"cluster.workers": list(STAGES)}) or {}


def read_settings_file(path: str, subject: str | None = None) -> dict[str, Any]:
    """What a TOML file of settings says.

    Args:
        subject: how it is called, if it cannot be read.

    Raises:
        InputError: it cannot be read, or a name in it is no setting.
    """
    values = read_toml(path, subject or path)
    try:
        check_names(setting_names(), values)
    except InputError as error:
        raise InputError(f"{path}: {error.subject}", error.fault, error.remedy) from None
    return values


def load_settings(**values: Any) -> Settings:
    """The settings of the environment and its file, with some given here before those.

    Raises:
        InputError: a name is no setting, or a value is not what it may be.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        raise faults_of(error) from None
