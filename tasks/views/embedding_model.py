"""Which AuMoCLIP the embedding stages use; its id is the content of its checkpoint."""

from pathlib import Path

from pydantic import BaseModel

from tango_models.aumoclip import EMBEDDED
from tango_models.errors import InputError
from tasks.views.file_content import file_hash


class EmbeddingModelConfig(BaseModel):
    """
    Attributes:
        checkpoint: a safetensors file of `tango train` or `tango import-weights`; None takes the one in the package.
        backbones: folder with the frozen speech and text models of the `paper` size; None looks in the hub cache.
        allow_download: fetch them from the hub if they are in neither place.
    """

    checkpoint: str | None = None
    backbones: str | None = None
    allow_download: bool = False

    @property
    def path(self) -> Path:
        return Path(self.checkpoint).expanduser() if self.checkpoint else EMBEDDED


def model_id(config: EmbeddingModelConfig) -> str:
    """Content hash of the checkpoint: embeddings of two models never mix.

    Raises:
        InputError: there is no such file.
    """
    return file_hash(config.path)


def check_body(config: EmbeddingModelConfig, body: str | None) -> None:
    """Refuse a model of the licensed body's joints where motion is made with the open body.

    Said before anything is computed; the motions themselves are checked where they are embedded
    (`tango_models.aumoclip.processing.motion_inputs`), for a catalog may hold older ones.

    Args:
        body: the setting of that name.

    Raises:
        InputError: so it is, or there is no such checkpoint, or the body's file cannot be used.
    """
    if body is not None:
        from tango_models.body.smplx_body import check_body_file

        check_body_file(body)
        return
    if config.checkpoint is None:
        return
    from tango_models.aumoclip.checkpoints import read_config

    if read_config(config.path).joint_frame == "smplx":
        fault = "embeds motion of the licensed SMPL-X body only, and the open body is set"
        remedy = "set `body` to the path of SMPLX_NEUTRAL_2020.npz, or take the checkpoint in the package"
        raise InputError(f"AuMoCLIP checkpoint {config.path}", fault, remedy)
