"""Which AuMoCLIP the embedding stages use; its id is the content of its checkpoint."""

from pathlib import Path

from pydantic import BaseModel

from tango_models.aumoclip import EMBEDDED
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
