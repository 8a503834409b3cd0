"""Text features on the time axis of speech: every 20 ms frame gets the vector of the word piece spoken there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tango_models.speech.words import TimedWord

if TYPE_CHECKING:
    from transformers import BertModel, PreTrainedTokenizerBase

CLS = 0  # the token of a passage's first frame


@dataclass(frozen=True)
class EncodedText:
    """A passage through the text model: k word pieces after [CLS]; [SEP] is left out."""

    vectors: np.ndarray
    """(k + 1, D) float32, last hidden states; row 0 is [CLS]."""
    pieces: list[str]
    """Characters of the k pieces, without "##"; empty for an unknown one."""
    words: list[int]
    """Which word each of the k pieces belongs to."""


class TextEncoder:
    """A BERT-like model and its tokenizer: BERT base for `paper`, MiniLM for `embedded`."""

    def __init__(self, model: BertModel, tokenizer: PreTrainedTokenizerBase) -> None:
        self.model, self.tokenizer = model.eval().requires_grad_(False), tokenizer
        self.dim = int(model.config.hidden_size)

    @classmethod
    def from_folder(cls, folder: str | Path, *, local_files_only: bool = True, device: str = "cpu") -> TextEncoder:
        """Load from a folder, or by a name in the hub's cache; see :func:`load_complete` for errors."""
        from transformers import BertModel, BertTokenizer

        model = load_complete(BertModel, folder, local_files_only=local_files_only, add_pooling_layer=False)
        tokenizer = BertTokenizer.from_pretrained(
            str(folder), do_lower_case=True, local_files_only=local_files_only, trust_remote_code=False
        )
        return cls(model.to(device), tokenizer)

    @torch.inference_mode()
    def encode(self, passages: Sequence[Sequence[str]]) -> list[EncodedText]:
        """Each passage's words -> vectors. A passage without words gives [CLS] only; 510 pieces at most are read."""
        if not passages:
            return []
        # an empty passage would lose its place in the batch as a list of words
        tokens = self.tokenizer(
            [list(words) or [""] for words in passages],
            is_split_into_words=True,
            truncation=True,
            max_length=512,
            padding=True,
            return_tensors="pt",
        )
        batch = {name: tokens[name].to(self.model.device) for name in ("input_ids", "attention_mask")}
        hidden = self.model(**batch).last_hidden_state.float().cpu().numpy()  # (B, longest, D)
        encoded = []
        for row, vectors in enumerate(hidden):
            words = tokens.word_ids(row)
            kept = [index for index, word in enumerate(words) if word is not None]
            names = self.tokenizer.convert_ids_to_tokens(tokens["input_ids"][row, kept].tolist())
            pieces = ["" if name == self.tokenizer.unk_token else name.removeprefix("##") for name in names]
            encoded.append(EncodedText(vectors[[0, *kept]], pieces, [words[index] for index in kept]))
        return encoded


def frame_features(text: EncodedText, tokens: np.ndarray) -> np.ndarray:
    """(n,) tokens of :func:`tokens_from_characters` or :func:`tokens_from_words` -> (n, D) float32."""
    return text.vectors[_fill(tokens)]


def tokens_from_characters(characters: Sequence[str], text: EncodedText) -> np.ndarray:
    """Match what a CTC model emits frame by frame with the word pieces of its transcript.

    Args:
        characters: for each of n frames its lower-case character, "" for blanks and word borders. Characters that the
            CTC model repeats over frames are repeated here.
        text: the transcript.

    Returns:
        (n,) int: row of `text.vectors` for frames that difflib matches, else -1; frame 0 is [CLS].
    """
    frames = [frame for frame, character in enumerate(characters) if character]
    spoken = "".join(characters[frame] for frame in frames)
    written = "".join(text.pieces)
    owner = [token for token, piece in enumerate(text.pieces, start=1) for _ in piece]
    tokens = np.full(len(characters), -1)
    for block in SequenceMatcher(None, spoken, written, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            tokens[frames[block.a + offset]] = owner[block.b + offset]
    tokens[:1] = CLS
    return tokens


def tokens_from_words(words: Sequence[TimedWord], text: EncodedText, *, start: float, frames: int) -> np.ndarray:
    """As :func:`tokens_from_characters`, from word times: a word's frames go to its pieces by their letters.

    Args:
        words: the words of `text`.
        start: seconds in the recording at which frame 0 lies; frames follow at 50 Hz.
        frames: n.
    """
    tokens = np.full(frames, -1)
    for index, word in enumerate(words):
        pieces = [token for token, owner in enumerate(text.words, start=1) if owner == index]
        if not pieces:
            continue
        letters = np.cumsum([max(len(text.pieces[token - 1]), 1) for token in pieces])
        first, last = round((word.start - start) * 50), round((word.end - start) * 50)
        edges = first + np.rint(np.concatenate([[0], letters]) / letters[-1] * max(last - first, 1)).astype(int)
        for token, begin, end in zip(pieces, edges, edges[1:], strict=False):
            tokens[max(begin, 0) : max(end, 0)] = token
    tokens[:1] = CLS
    return tokens


def _fill(tokens: np.ndarray) -> np.ndarray:
    """Give frames without a token (-1) that of the nearest frame with one, the earlier one of two as near."""
    known = np.flatnonzero(tokens >= 0)
    frames = np.arange(len(tokens))
    right = np.searchsorted(known, frames).clip(0, len(known) - 1)
    left = (np.searchsorted(known, frames, side="right") - 1).clip(0)
    nearer_right = np.abs(known[right] - frames) < np.abs(frames - known[left])
    return tokens[np.where(nearer_right, known[right], known[left])]


def load_complete(kind: Any, folder: str | Path, *, local_files_only: bool, **options: Any) -> Any:
    """`kind.from_pretrained` of safetensors that hold every weight: transformers fills gaps with random numbers.

    Raises:
        OSError, ValueError: nothing there, not to be read, or weights missing.
    """
    with _quiet():
        model, report = kind.from_pretrained(
            str(folder),
            local_files_only=local_files_only,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            **options,
        )
    missing = sorted(name for name in report["missing_keys"] if not name.endswith("masked_spec_embed"))
    if missing or report["mismatched_keys"]:
        raise ValueError(f"lacks {len(missing)} weights, e.g. {missing[:2]}, wrong shapes: {report['mismatched_keys']}")
    return model


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' progress bar and its table of unused weights."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
