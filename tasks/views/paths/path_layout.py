"""A stored path in time, each of its seams placed by what lies around it."""

from functools import cache

from pydantic import BaseModel

from data_catalog import Source, video_of
from data_catalog.keys import equals, split_clip_id
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.interpolation.seam_placement import Placement, PlacementConfig, place_seam
from tango_models.motion_graph.edge_config import CUT
from tasks.runtime.plan_source import PlanSource
from tasks.views.footage.canvas import canvas_size
from tasks.views.footage.segments import segment_keys
from tasks.views.footage.videos import video_frames
from tasks.views.paths.playback import Playback, play
from tasks.views.paths.seam_surroundings import REACH, Surroundings


class SeamLayout(BaseModel):
    """How a path's seams lie in time.

    Attributes:
        placement: how far a cut may move, how many frames around it are made, and what decides.
        smooth_cadence: show a picture in between where the footage shows one twice.
    """

    placement: PlacementConfig = PlacementConfig()
    smooth_cadence: bool = True


def need_layout(source: PlanSource, path_id: str) -> str:
    """Ask for all that a path's layout reads; returns what a person calls the path.

    Raises:
        UpstreamNotReady: something of it is not done in the wanted version.
    """
    (path,) = source.need("retrieve_path", path_id, subject=path_id)
    row = source.table("paths").read(["path_id", "speech_id", "clip_ids"], where=equals(path_id=path_id)).to_pylist()[0]
    source.need("analyse_speech", row["speech_id"], subject=path.subject)
    for track in sorted({split_clip_id(clip)[0] for clip in row["clip_ids"]}):
        video_id = video_of(track)
        source.need("extract_frames", video_id, subject=path.subject)
        source.need("detect_landmarks", *segment_keys(video_id, video_frames(source, video_id)), subject=path.subject)
        source.need("create_clips", track, subject=path.subject)
    return path.subject


def read_playback(source: Source, path_id: str, config: SeamLayout) -> Playback:
    """The path in time, each seam placed by what lies around it."""
    columns = ["path_id", "speech_id", "clip_ids", "seams", "seam_cost"]
    path = source.table("paths").read(columns, where=equals(path_id=path_id)).to_pylist()[0]
    speech = source.table("speech").read(["speech_id", "n_frames"], where=equals(speech_id=path["speech_id"]))
    return lay_out(source, path["clip_ids"], path["seams"], path["seam_cost"], speech["n_frames"][0].as_py(), config)


def lay_out(
    source: Source, clips: list[str], seams: list[int], costs: list[float], n_frames: int, config: SeamLayout
) -> Playback:
    """`n_frames` of clips in time; `seams` are the positions in `clips` that were reached by a jump, and `costs` what
    these cost. Around a cut no frame is made: pictures of two rooms, one through the other, are no picture of any."""
    cuts = {(clips[k - 1], clips[k]) for k, cost in zip(seams, costs, strict=True) if cost >= CUT}
    videos = sorted({video_of(split_clip_id(clip)[0]) for clip in clips})
    around = Surroundings(source, [(clips[k - 1], clips[k]) for k in seams], canvas_size(source, videos))
    smooth = config.smooth_cadence

    @cache  # in an hour each jump comes again and again
    def placed(src: str, dst: str, before: int, after: int) -> Placement:
        if (src, dst) in cuts:
            return Placement(0, 0, 0.0)
        old, new = around.run(src, from_end=True, smooth=smooth), around.run(dst, from_end=False, smooth=smooth)
        return place_seam(old, new, before=before, after=after, config=config.placement)

    def place(src: str, dst: str, before: int, after: int) -> Placement:
        return placed(src, dst, min(before, REACH * CLIP_FRAMES), min(after, REACH * CLIP_FRAMES))  # no seam is longer

    return play(clips, seams, n_frames, place=place)
