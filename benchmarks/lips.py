"""Lips against a speaker whose true lips are known: shape error in millimetres.

The synthetic speaker of the demo, each half of its video with the mouths of the other half, from the sound alone. The
truth is the body's own lips, with jaw and expression but without the head: 40 points about their mean, in the plane of
the face, in frames with a voice. *Average mouth*: one shape for every frame. *Seen*: what the face mesh says of the
true pictures, and little that is made of it can be better. *Asked for the true lips*: as from the sound, were opening
and width known. *Best mouth*: the nearest of the other half, were the truth known.
"""

import argparse
from collections.abc import Iterator

import numpy as np

from benchmarks.printing import heading, table

_HEAD = (slice(60, 360), slice(230, 540))  # rows and columns in which the head of the demo's speaker stays
_JAW = slice(66, 69)  # of a pose
_AT_ONCE = 50  # frames that are skinned
_LEADS = range(0, 3)  # frames by which lips may lead the sound


def true_lips(frames: int) -> np.ndarray:
    """(T, L, 2) mm right and down in the face's plane: the lips of the first frames of the demo's speaker."""
    from tango_models.body.motion_io import load_motion
    from tango_models.body.smplx_body import Body
    from tango_models.synthetic.speaker import SPEAKER_MOTION

    motion, body = load_motion(SPEAKER_MOTION), Body.load()
    lips = np.flatnonzero(body.arrays["mask_lips"] > 0.5)
    poses = np.zeros((frames, 165))
    poses[:, _JAW] = motion.poses.reshape(len(motion.poses), -1)[:frames, _JAW]

    def pieces() -> Iterator[np.ndarray]:
        for start in range(0, frames, _AT_ONCE):
            rows = slice(start, min(frames, start + _AT_ONCE))
            still = np.zeros((rows.stop - rows.start, 3))
            found = body.vertices(poses[rows], still, motion.betas, motion.expressions[rows])
            yield found.numpy()[:, lips]

    found = np.concatenate(list(pieces())) * 1000
    front = found[..., 2].mean(0) > np.median(found[..., 2].mean(0))
    return found[:, front, :2] * np.array([1.0, -1.0])


def matched(true: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, float]:
    """Of true lips (T, L, 2) in mm those points that lie where points (T, P, 2) in eye distances were seen, (T, P, 2),
    and the mm of an eye distance, by which the mean mouth is as wide as the true one."""
    usual, mean = true.mean(0), seen.mean(0)
    scale = float(np.ptp(usual[:, 0]) / np.ptp(mean[:, 0]))
    middle = [(points.min(0) + points.max(0)) / 2 for points in (usual, mean)]
    apart = (mean - middle[1])[:, None] * scale - (usual - middle[0])[None]
    return true[:, np.argmin((apart**2).sum(2), axis=1)], scale


def error(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(T,) root mean square distance of the points of (T, P, 2), each about its own mean."""
    apart = (a - a.mean(0)) - (b - b.mean(0))
    return np.sqrt((apart**2).sum(2).mean(1))


def run(frames: int) -> None:
    """Print the table for so many frames of the video."""
    from itertools import islice

    from tango_models.lips.head_pose import reference_face
    from tango_models.lips.held_out import made_of_the_other_half, true_targets
    from tango_models.lips.library import collect, mouth_shapes
    from tango_models.lips.mesh_points import LIPS
    from tango_models.lips.mouths import describe_mouths, no_mesh
    from tango_models.lips.visemes import lip_targets
    from tango_models.media.pictures.frames import iter_frames
    from tango_models.media.probe import content_id
    from tango_models.media.sound.audio import read_audio
    from tango_models.perception.face_mesh import FaceMeshDetector
    from tango_models.speech.level import at_common_level
    from tango_models.speech.phones import recognise_phones
    from tango_models.speech.prosody import analyse_speech
    from tango_models.synthetic.known_sounds import known_sounds
    from tango_models.synthetic.speaker import SPEAKER_VIDEO

    detector = FaceMeshDetector()
    heads = [np.ascontiguousarray(frame[_HEAD]) for frame in islice(iter_frames(SPEAKER_VIDEO), frames)]
    found = ((head, no_mesh() if (mesh := detector.find(head)) is None else mesh) for head in heads)
    mouths = describe_mouths(found, np.full((len(heads), 2, 21, 2), np.nan))
    detector.close()
    audio = at_common_level(read_audio(SPEAKER_VIDEO))[: len(heads) * 16000 // 30]
    heard, reference = analyse_speech(audio), reference_face(mouths.mesh)
    count = min(len(heads), len(heard.voice))
    library = collect([(np.arange(len(mouths)), mouths, [])], mouth_shapes(mouths.mesh, reference), reference)
    if library is None or not mouths.found.all():
        raise SystemExit("the face of the demo's speaker is not found in every frame")
    speaking = heard.voice[:count] >= 0.5
    lips = slice(0, len(LIPS))
    seen = library.shape[:count, lips, :2]
    true, scale = matched(true_lips(count), seen)

    def judged(shapes: np.ndarray) -> float:
        return float(error(shapes[:count, lips, :2] * scale, true)[speaking].mean())

    half = count // 2
    nearest = np.zeros((count, *true.shape[1:]))
    for part, other in ((slice(0, half), slice(half, count)), (slice(half, count), slice(0, half))):
        apart = ((true[part, None] - true[None, other]) ** 2).sum(3).mean(2)
        nearest[part] = true[other][apart.argmin(1)]
    shuffled = np.random.default_rng(0).permutation(count)
    average = float(error(np.broadcast_to(true.mean(0), true.shape), true)[speaking].mean())
    rows = [
        ("another mouth", float(error(true[shuffled], true)[speaking].mean())),
        ("average mouth", average),
        ("seen", judged(library.shape)),
        ("best mouth", float(error(nearest, true)[speaking].mean())),
        ("asked for the true lips", judged(made_of_the_other_half(library, true_targets(library, count)))),
    ]
    sounds = {"from the sounds that are heard": recognise_phones(audio)}
    if (known := known_sounds(content_id(SPEAKER_VIDEO))) is not None:
        sounds["from the sounds that were said"] = known
    for name, phones in sounds.items():
        targets = lip_targets(phones, heard.voice[:count], heard.energy[:count])
        by_lead = {lead: judged(made_of_the_other_half(library, targets.ahead(lead))) for lead in _LEADS}
        lead = min(by_lead, key=lambda lead: by_lead[lead])
        rows.append((f"{name}, {lead} frames ahead", by_lead[lead]))
    print(f"{count} frames. Wanted: at most 60% of the average mouth's error.\n")
    cells = [[name, f"{value:.2f}", f"{100 * value / average:.0f}%"] for name, value in rows]
    table(["mouth", "error, mm", "of the average mouth's"], cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=500, help="of the video, from its beginning")
    arguments = parser.parse_args()
    heading("Lips against the truth", __doc__, "lips")
    run(arguments.frames)


if __name__ == "__main__":
    main()
