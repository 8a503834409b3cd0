"""The same speech with each scorer: beats, silences and seams.

The motion is that of the rendered video, pictures apart; `random` is a path through the same graph that hears nothing.
*Beats*: beat consistency (sigma 0.1 s). *Above chance*: above the same motion with the speech moved, in standard
deviations. *Loud and moving*: Spearman's correlation of loudness and motion, both over half a second. Motion in
silences of 0.5 s and more is in units of the avatar's mean motion; the cost of a seam is that of its edge. Two or three
seams leave 9 s of speech little to choose: there a scorer can hardly be told from chance by its beats.
"""

import argparse
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import footage
from benchmarks.commands import Workplace, workplace
from benchmarks.printing import heading, spread, table
from benchmarks.search import silences
from data_catalog import Catalog, Unit
from data_catalog.keys import equals
from flows.configuration.defaults import SCORER
from tasks.runtime.stage import RowWriter

SCORERS = ("aumoclip", "prosody", SCORER, "random")
_COLUMNS = (
    *("beats", "above chance, deviations", "loud and moving", "motion in silence"),
    *("seams a minute", "mean seam cost", "worst seam"),
)
_BEATING = (3, 6, 9, *range(12, 22))  # the upper body's joints, as TANGO's evaluation takes them


@dataclass(frozen=True)
class Figures:
    """Of one path. Motion is in units of the avatar's mean."""

    consistency: float
    """Beat consistency, sigma 0.1 s."""
    above_chance: float
    """How far above the same motion with the speech moved, in standard deviations."""
    loudness: float
    """Spearman's correlation of loudness and motion, both over half a second."""
    silent: float
    """Motion in silences of 0.5 s and more; NaN without one."""
    seams: float
    """A minute."""
    seam_cost: float
    """Mean edge cost of the seams."""
    worst_seam: float


class KeptRows(RowWriter):
    """Keeps the rows that a stage would write."""

    def __init__(self, catalog: Catalog, unit: Unit) -> None:
        super().__init__(catalog, unit.stage, unit.provenance("benchmark"))
        self.rows: list[dict[str, Any]] = []

    def write(self, rows: Iterable[dict[str, Any]], *, table: str | None = None) -> None:
        self.rows += rows


def measure(catalog: Catalog, avatar: str, speech_id: str, scorer: str, seed: int) -> Figures:
    """The path that `tango reenact` would take, and what is heard and seen of it.

    Raises:
        UpstreamNotReady: the avatar or the speech is not done in the version of now.
    """
    from scipy.stats import spearmanr

    from flows.configuration.settings import Settings
    from tango_models.body.smplx_body import Body
    from tango_models.metrics.beats import beat_consistency, by_chance, motion_beats
    from tasks.rendering.rendered_motion import rendered_motion
    from tasks.runtime.versions import Versions, plan_units
    from tasks.views.columns import matrix
    from tasks.views.motion import read_motion
    from tasks.views.paths.path_layout import SeamLayout, lay_out
    from tasks.views.speech import read_speech_features

    tracks, versions = catalog.avatar_tracks(avatar), Versions(catalog, Settings().stage_configs())
    scope = {"avatar": avatar, "tracks": tracks, "speech_id": speech_id, "scorer": scorer, "seed": seed}
    (unit,) = plan_units(catalog, "retrieve_path", versions, scope)
    out = KeptRows(catalog, unit)
    versions.stage("retrieve_path").process(catalog, unit, out)
    path = out.rows[0]
    speech, n_frames = read_speech_features(catalog, speech_id)
    config = SeamLayout()
    playback = lay_out(catalog, path["clip_ids"], path["seams"], path["seam_cost"], n_frames, config)
    body = Body.load()

    def joints(poses: np.ndarray) -> np.ndarray:
        still = np.array(poses, np.float32)
        still[:, :3] = 0
        return body.joints(still).numpy()[:, _BEATING]

    own = [joints(read_motion(catalog, track)["poses"]) for track in tracks]
    mean_speed = np.concatenate([_speed(part) for part in own]).mean(axis=0)
    beats = motion_beats(joints(rendered_motion(catalog, playback, smooth=config.smooth_cadence).poses), mean_speed)
    onsets = np.flatnonzero(np.asarray(speech.onset[:n_frames]) > 0) / footage.FPS
    consistency = beat_consistency(beats, onsets)
    clips = catalog.table("clips").read(["clip_id", "motion_energy"], where=equals(track_id=tracks))
    energy = dict(zip(clips["clip_id"].to_pylist(), matrix(clips["motion_energy"]), strict=True))
    shown = np.concatenate([energy[key] for key in path["clip_ids"]])[:n_frames] / np.mean(list(energy.values()))
    silent = silences(np.asarray(speech.voice[:n_frames]))
    smooth = np.ones(15) / 15
    loud = np.convolve(np.asarray(speech.energy[:n_frames]), smooth, "same")
    return Figures(
        consistency=consistency,
        above_chance=by_chance(beats, onsets, n_frames / footage.FPS).above(consistency),
        loudness=float(spearmanr(loud, np.convolve(shown, smooth, "same")).statistic),
        silent=float(shown[silent].mean()) if silent.any() else float("nan"),
        seams=len(path["seams"]) * 60 * footage.FPS / n_frames,
        seam_cost=float(np.mean(path["seam_cost"])) if path["seam_cost"] else 0.0,
        worst_seam=float(np.max(path["seam_cost"])) if path["seam_cost"] else 0.0,
    )


def minute(target: Path) -> Path:
    """`footage.a_minute` as a file."""
    import soundfile

    soundfile.write(target, footage.a_minute(), footage.AUDIO_RATE)
    return target


def _speed(joints: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.gradient(joints, 1 / footage.FPS, axis=0), axis=2)


def prepare(place: Workplace, catalog: Path, avatar: str, speech: Path, scorers: list[str], keep: Path | None) -> None:
    """Render the speech, into the folder `keep` with each scorer, so that it is analysed and embedded."""
    from tango_models.motion_graph.scoring.scorers import create_scorer

    plain = [] if keep else ["--interpolator", "none", "--lips", "off"]
    embedding = [scorer for scorer in scorers if create_scorer(scorer).embeds]
    for scorer in scorers if keep else [*embedding, *scorers][:1]:
        target = (keep or place.folder) / f"{avatar}_{speech.stem}_{scorer.replace('*', '_')}.mp4"
        place.tango("reenact", avatar, speech, "--scorer", scorer, "--out", target, *plain, catalog=catalog)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalog", type=Path, help="of avatars; without it speaker9, or the synthetic one, is made")
    parser.add_argument("--avatars", nargs="+", default=["speaker9"])
    parser.add_argument("--speech", nargs="+", type=Path, help="without it 9 s, and a minute with pauses")
    parser.add_argument("--scorers", nargs="+", default=list(SCORERS))
    parser.add_argument("--keep", type=Path, help="folder for videos with each scorer, to be watched")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    from tango_models.media.probe import content_id

    heading("The same speech with each scorer", __doc__, "comparison")
    with workplace() as place:
        catalog = given.catalog or place.folder / "catalog"
        if given.keep:
            given.keep.mkdir(parents=True, exist_ok=True)
        if given.catalog is None:
            for avatar in given.avatars:
                place.tango("onboard", avatar, *footage.speaker_videos(), catalog=catalog)
        speeches = given.speech or [footage.speech(), minute(place.folder / "minute.wav")]
        rows = []
        there = Catalog(catalog)
        for speech in speeches:
            found, speech_id = {}, content_id(speech)
            for avatar in given.avatars:
                prepare(place, catalog, avatar, speech, given.scorers, given.keep)
                for scorer in given.scorers:
                    paths = [measure(there, avatar, speech_id, scorer, seed) for seed in range(given.seeds)]
                    found[avatar, scorer] = paths
                    rows.append([avatar, speech.stem, scorer, *map(spread, zip(*map(astuple, paths), strict=True))])
            for scorer in given.scorers if len(given.avatars) > 1 else ():
                means = [np.mean([astuple(path) for path in found[avatar, scorer]], axis=0) for avatar in given.avatars]
                rows.append(["**all**", speech.stem, scorer, *map(spread, zip(*means, strict=True))])
    print(f"Mean of {given.seeds} seeds (least to most); of all avatars, of their means.\n")
    table(["avatar", "speech", "scorer", *_COLUMNS], rows)


if __name__ == "__main__":
    main()
