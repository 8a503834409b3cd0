"""Rows of every table for a video with its motion, with bytes in them that a test can look for."""

import os
import time
from pathlib import Path

from data_catalog import Catalog, Unit, clip_id, handed_files, track_id
from data_catalog.leases import lease_of
from data_catalog.tables.schemas import TABLES
from data_catalog.tables.sizes import FACE_POINTS, MESH_POINTS
from tests.stages import add_video

CLIPS = 6


class Footage:
    """A video as the stages would leave it in the catalog.

    Attributes:
        secrets: bytes of its frames, sound, faces, masks and numbers; and its names.
    """

    def __init__(self, catalog: Catalog, avatar: str, video: str, *, motion: str = "") -> None:
        self.catalog, self.avatar, self.video, self.track = catalog, avatar, video, track_id(video, motion)
        self.secrets: dict[str, bytes] = {"id": video.encode(), "name": f"{avatar}-{video[:6]}.mp4".encode()}
        uri = f"/footage/{avatar}-{video[:6]}.mp4"
        add_video(catalog, avatar, video, uri=uri, motion_uri=f"/{motion}.npz" * bool(motion), motion_hash=motion)

    def secret(self, name: str, size: int) -> bytes:
        self.secrets[name] = os.urandom(size)
        return self.secrets[name]

    def write(self) -> "Footage":
        """What onboarding leaves, apart from the edges."""
        video, track = self.video, self.track
        name = self.secrets["name"].decode()
        shape = {"video_id": video, "file_name": name, "n_frames": CLIPS * 4}
        gops = [
            {
                "video_id": video,
                "gop": k,
                "pixels": self.secret(f"gop {k}", 70_000),
                "audio": self.secret(f"audio {k}", 600),
            }
            for k in range(CLIPS)
        ]
        self.unit("extract_frames", video, {}, videos=[shape], frames=gops)
        marks = [{"video_id": video, "frame": k, "mask": self.secret(f"mask {k}", 512)} for k in range(CLIPS)]
        read = {"extract_frames": [video]}
        self.unit("detect_landmarks", f"{video}:0000", read, landmarks=marks)
        meshes = [
            {"video_id": video, "frame": k, "mesh": self.secret(f"mesh {k}", MESH_POINTS * 6)} for k in range(CLIPS)
        ]
        self.unit("detect_mouths", f"{video}:0000", read | {"detect_landmarks": [f"{video}:0000"]}, mouths=meshes)
        self.secrets["sounds"] = os.urandom(20).hex().encode()
        sounds = {"video_id": video, "part": 0, "symbols": [self.secrets["sounds"].decode()]}
        self.unit("detect_mouths", f"{video}:heard", read, footage_sounds=[sounds])
        read = read | {"detect_landmarks": [f"{video}:0000"]}
        fit = {"track_id": track, "picture": self.secret("fit picture", 3000)}
        poses = [{"track_id": track, "frame": k, "confidence": 1.0} for k in range(CLIPS * 4)]
        self.unit("fit_smplx", track, read, poses=poses, fits=[fit])
        clips = [
            {
                "clip_id": clip_id(track, k),
                "track_id": track,
                "index": k,
                "face": self.secret(f"face {k}", 4 * 24 * 24),
                "picture": self.secret(f"picture {k}", 4 * 32 * 32),
            }
            for k in range(CLIPS)
        ]
        look = {"track_id": track, "face": [0.5] * FACE_POINTS * 3}
        self.unit("create_clips", track, read | {"fit_smplx": [track]}, clips=clips, looks=[look])
        key = {"clip_id": clip_id(track, 0), "model_id": "model", "track_id": track}
        self.unit("embed_clips", f"{track}:model", {"create_clips": [track]}, embeddings=[key])
        block = {"src": clip_id(video, 2), "dst": clip_id(video, 2), "interpolator_id": "between-1"}
        pixels = self.secret("block", 70_000)
        self.unit(
            "interpolate_seams", f"{video}:00000:between-1", {"extract_frames": [video]},
            transitions=[block | {"pixels": pixels}],
        )  # fmt: skip
        return self

    def unit(self, stage: str, key: str, upstream: dict, *, finish: bool = True, **tables: list[dict]) -> None:
        subject = f"{key}.wav" if stage in ("analyse_speech", "embed_speech") else self.secrets["name"].decode()
        unit = Unit(stage, key, subject, "1", "c", upstream, input_hash="i")
        for table, rows in tables.items():
            known = TABLES[table].schema.names
            provenance = {n: v for n, v in unit.provenance("r").columns().items() if n in known}
            self.catalog.table(table).upsert([row | provenance for row in rows])
        if finish:
            self.catalog.finish(unit, n_rows=1, run_id="r", seconds=0)


def compare(first: Footage, second: Footage) -> None:
    """The edges between two videos."""
    tracks = sorted((first.track, second.track))
    edge = {"src": clip_id(first.track, 1), "dst": clip_id(second.track, 4)}
    edge |= {"src_track": first.track, "dst_track": second.track, "cost": 1.0}
    first.unit("score_edges", ":".join(tracks), {"create_clips": tracks}, edges=[edge])


def render(avatar: str, shown: list[Footage], speech: str, folder: Path) -> Path:
    """A path through footage, its lips, its seam and its render; returns the file."""
    first, tracks, videos = shown[0], [f.track for f in shown], [f.video for f in shown]
    path_id, target = f"path-{avatar}-{speech}-{len(shown)}", folder / f"{avatar}-{speech}.mp4"
    target.write_bytes(b"the user's")
    clips = [clip_id(track, k) for track in tracks for k in (0, 1)]
    read = {"create_clips": tracks, "analyse_speech": [speech], "extract_frames": videos}
    path = {"path_id": path_id, "speech_id": speech, "clip_ids": clips}
    first.unit("retrieve_path", path_id, read, paths=[path])
    mouths = {"path_id": path_id, "part": 0, "source_video": videos * 4, "other_video": ["", *reversed(videos)]}
    mouths |= {"shape": first.secret(f"lips of {avatar}", 660), "note": ""}
    first.unit("match_lips", f"{path_id}:lips", read | {"retrieve_path": [path_id]}, lips=[mouths])
    src, dst = clip_id(tracks[0], 1), clip_id(tracks[-1], 4)
    seam, key = {"src": src, "dst": dst, "interpolator_id": "flow:+0:4:8x8"}, f"{src}>{dst}:flow:+0:4:8x8"
    pixels = first.secret(f"seam of {avatar}", 70_000)
    read = {"extract_frames": videos, "detect_landmarks": [f"{video}:0000" for video in videos]}
    first.unit("interpolate_seams", key, read, transitions=[seam | {"pixels": pixels}])
    row = {"render_id": f"render of {path_id}", "avatar": avatar, "speech_id": speech, "path_id": path_id}
    row |= {"source_video": videos * 2, "uri": str(target), "poster": first.secret(f"poster of {avatar}", 500).hex()}
    read |= {"retrieve_path": [path_id], "interpolate_seams": [key], "create_clips": tracks, "fit_smplx": tracks}
    read |= {"match_lips": [f"{path_id}:lips"], "analyse_speech": [speech]}
    first.unit("render_video", f"render of {path_id}", read, renders=[row])
    return target


def speak(footage: Footage, speech: str) -> dict[str, bytes]:
    """What is made of a speech; returns its secrets, which are also the footage's where that is the speech."""
    said = {name: os.urandom(60_000) for name in ("said", "heard low", "heard high")}
    row = {"speech_id": speech, "n_frames": 56, "audio": said["said"], "file_name": f"{speech}.wav"}
    footage.unit("analyse_speech", speech, {}, speech=[row])
    heard = {"speech_id": speech, "model_id": "model", "part": 0}
    heard |= {"audio_low": said["heard low"], "audio_high": said["heard high"]}
    footage.unit("embed_speech", f"{speech}:model", {"analyse_speech": [speech]}, speech_embeddings=[heard])
    if speech == footage.video:
        footage.secrets |= said
    return said


def left_by_killed_run(footage: Footage, place: str) -> None:
    """The video as it was handed over to workers, a video of it that they rendered, and the lease of the one at it."""
    catalog = footage.catalog
    for name, secret in ((footage.video, "handed over"), (place, "rendered")):
        handed_files.put(catalog, name, [footage.secret(secret, 70_000)], holder="killed")
    lease = lease_of("extract_frames", footage.video)
    footage.secrets["lease"] = lease.encode()
    row = {"lease": lease, "holder": "killed|elsewhere|1|1", "expires_at": time.time() - 1000}
    catalog.table("leases").upsert([row])


def everything(catalog: Catalog, avatar: str, video: str, folder: Path) -> Footage:
    """Rows in every table of the catalog, with the video as speech too."""
    found = Footage(catalog, avatar, video).write()
    compare(found, found)
    speak(found, video)
    render(avatar, [found], video, folder)
    left_by_killed_run(found, str(folder / "never-finished.mp4"))
    return found
