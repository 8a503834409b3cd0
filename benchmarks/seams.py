"""What a viewer sees at the seams of real speakers, and whether footage that repeats frames plays evenly.

The first table is that of `tango evaluate seams`: a seam pops when within 6 frames of it a warp residual is 2.5 times
what it is around, and `elsewhere` is the same where no seam is, so of the footage itself. For the second, hands are
found again on the finished frames, by the project's own detector. A hand's step is how far its 21 points go from one
frame to the next, on average.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.commands import workplace
from benchmarks.printing import heading, table
from benchmarks.rendered import catalog_of, read_arguments, render_all
from data_catalog import Catalog
from tasks.views.paths.playback import Playback

_LEAD_IN = 6  # frames before a window that the detector's tracking sees first
_QUALITY = ["src", "dst", "interpolator_id", "sharpness", "jump"]
_STANDS_STILL = 0.3  # change at a repeated frame, as a share of the smaller change beside it


@dataclass(frozen=True)
class SeamFigures:
    """One seam: largest step of a hand in its window (px, NaN if none is found), sharpness, jump."""

    step: float
    frames: int
    sharpness: float
    jump: float


def main() -> None:
    arguments = read_arguments(__doc__)
    heading("Seams and cadence", __doc__, "seams")
    rows, visible = [], []
    with workplace() as place:
        catalog = catalog_of(arguments, place)
        for name, video in render_all(arguments, place):
            rows.append(row(catalog, name, str(video)))
            visible.append(visibility(catalog, str(video)))
    print(f"{arguments.speech.name}, the product's interpolator, seed 0. Steps of a hand in px of the picture.\n")
    wanted = dict.fromkeys(visible[0], "") | {
        "seams per minute": "at least 15", "seams that pop": "elsewhere + 5 points", "worst seam": "at most 3",
        "worst background": "at most 1.5",
    }  # fmt: skip
    table(list(wanted), [[*line.values()] for line in [*visible, wanted]])
    columns = [
        "avatar", "seams", "frames made", "largest step: mean", "worst", "footage's own, 95 %", "sharpness: lowest",
        "jump: worst", "repeated frames shown", "of them standing still, as footage", "as rendered",
    ]  # fmt: skip
    table(columns, rows)


def visibility(uri: Path, video: str) -> dict[str, str]:
    """How visible the seams of the render `video` are, by what it is called."""
    from data_catalog.keys import equals
    from flows.models.evaluate_seams import seam_figures as measured

    found = measured(Catalog(uri).table("renders").read(where=equals(uri=video)).to_pylist()[0])
    assert found is not None
    return {name: text for name, text in found.cells().items() if name != "video"}


def row(uri: Path, avatar: str, video: str) -> list[str]:
    """A line of the table for the render `video`."""
    from data_catalog.keys import equals
    from tasks.views.footage.canvas import canvas_size
    from tasks.views.paths.path_layout import SeamLayout, read_playback
    from tasks.views.paths.stand_ins import read_stand_ins, repeated_frames

    catalog = Catalog(uri)
    render = catalog.table("renders").read(where=equals(uri=video)).to_pylist()[0]
    playback = read_playback(catalog, render["path_id"], SeamLayout())
    size = canvas_size(catalog, playback.videos)
    seams = seam_figures(catalog, playback, render["interpolator_id"], size)
    repeated = repeated_frames(playback, read_stand_ins(catalog, playback.videos))
    still = {
        smooth: standing_still(catalog, playback, render["interpolator_id"], size, repeated, smooth=smooth)
        for smooth in (False, True)
    }
    steps = [seam.step for seam in seams if np.isfinite(seam.step)]
    return [
        avatar,
        str(len(seams)),
        str(sum(seam.frames for seam in seams)),
        f"{np.mean(steps):.1f}" if steps else "–",
        f"{np.max(steps):.1f}" if steps else "–",
        f"{own_steps(catalog, sorted(catalog.avatar_videos(avatar))):.1f}",
        f"{min((seam.sharpness for seam in seams), default=1.0):.2f}",
        f"{max((seam.jump for seam in seams), default=0.0):.2f}",
        str(int(repeated.sum())),
        str(still[False]),
        str(still[True]),
    ]


def seam_figures(catalog: Catalog, playback: Playback, method: str, size: tuple[int, int]) -> list[SeamFigures]:
    """Figures of every seam of a path, measured on the frames around it as they are shown."""
    from data_catalog.keys import equals
    from tango_models.perception.detector import HolisticDetector
    from tasks.rendering.output_frames import output_frames
    from tasks.views.paths.transitions import transition_id

    spans = [range(max(0, seam.frames.start - _LEAD_IN), seam.frames.stop + 1) for seam in playback.seams]
    pictures: list[list[np.ndarray]] = [[] for _ in spans]
    found = []
    with HolisticDetector() as detector:
        for t, frame in enumerate(output_frames(catalog, playback, method, size, smooth=True)):
            for kept, span in zip(pictures, spans, strict=True):
                if t in span:
                    kept.append(frame)
        for seam, span, shown in zip(playback.seams, spans, pictures, strict=True):
            detector.reset()
            step = hand_steps(detector.detect(shown).hands_xy)[max(0, seam.frames.start - span.start - 1) :]
            made = transition_id(method, seam.shift, seam.half, size)
            where = equals(src=seam.src, dst=seam.dst, interpolator_id=made)
            rows = catalog.table("transitions").read(_QUALITY, where=where)
            quality = rows.to_pylist()[0] if rows.num_rows else {"sharpness": 1.0, "jump": 0.0}  # a plain cut is none
            known = step[np.isfinite(step)]
            largest = float(known.max()) if known.size else float("nan")
            found.append(SeamFigures(largest, len(seam.frames), quality["sharpness"], quality["jump"]))
    return found


def hand_steps(hands: np.ndarray) -> np.ndarray:
    """(T-1, 2) px that each of the hands (T, 2, 21, 2) goes, the mean of its points; NaN where it is not found."""
    return np.linalg.norm(np.diff(hands, axis=0), axis=-1).mean(axis=-1)


def own_steps(catalog: Catalog, videos: list[str]) -> float:
    """95th percentile of the hands' steps in the footage, from picture to picture: repeated frames are left out."""
    from data_catalog.keys import equals
    from tasks.views.columns import matrix, unpack_bits

    steps = []
    for video in catalog.table("videos").read(where=equals(video_id=videos)).to_pylist():
        where = equals(video_id=video["video_id"])
        seen = catalog.table("landmarks").read(["video_id", "frame", "hands_xy"], where=where)
        hands = matrix(seen["hands_xy"]).reshape(-1, 2, 21, 2)
        steps.append(hand_steps(hands[~unpack_bits(video["repeated"], video["n_frames"])]).ravel())
    return float(np.nanpercentile(np.concatenate(steps), 95))


def standing_still(
    catalog: Catalog, playback: Playback, method: str, size: tuple[int, int], repeated: np.ndarray, *, smooth: bool
) -> int:
    """How many of the `repeated` frames (T,) hardly differ from the one before, though what is around them changes."""
    from tango_models.media.pictures.cadence import ChangeMeter
    from tango_models.media.pictures.small_grey import small_grey
    from tasks.rendering.output_frames import output_frames

    meter = ChangeMeter()
    for frame in output_frames(catalog, playback, method, size, smooth=smooth):
        meter.see(small_grey(frame))
    change = np.pad(meter.change, 1, mode="edge")
    beside = np.minimum(change[:-2], change[2:])  # where a gesture ends the change before is large by itself
    return int(np.count_nonzero((change[1:-1] < _STANDS_STILL * beside) & repeated))


if __name__ == "__main__":
    main()
