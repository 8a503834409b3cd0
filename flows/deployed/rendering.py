"""Rendering an avatar to a speech."""

from enum import StrEnum
from typing import Annotated

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows.configuration.bounds import LARGEST_INTEGER
from flows.configuration.defaults import SCORER
from flows.deployed.given import AvatarName, Override, SceneName, TagName, WholePath, given_settings, told
from flows.reenact import Reenactment


class Interpolator(StrEnum):
    """What makes the frames around a jump."""

    auto = "auto"
    flow = "flow"
    rife = "rife"
    acinterp = "acinterp"
    none = "none"


@flow(
    name="reenact",
    flow_run_name="{avatar} to {speech}",
    task_runner=ThreadPoolTaskRunner(max_workers=4),  # type: ignore[arg-type]
    persist_result=False,
)
@told
def reenact(
    avatar: AvatarName,
    speech: WholePath,
    out: WholePath,
    scorer: Annotated[str, Field(pattern=r"^[a-z0-9.*+ -]+$", max_length=200)] = SCORER,
    interpolator: Interpolator = Interpolator.auto,
    seed: Annotated[int, Field(ge=0, le=LARGEST_INTEGER)] = 0,
    lips: Annotated[str, Field(pattern=r"^(off|match|plug:[A-Za-z0-9_.-]+)$")] = "match",
    tag: TagName | None = None,
    scene: SceneName | None = None,
    settings_file: WholePath | None = None,
    overrides: list[Override] = [],  # noqa: B006
) -> Reenactment:
    """Make a video of an avatar gesturing to a speech.

    Args:
        avatar: An onboarded avatar.
        speech: Whole path as the worker sees it, or URI, of an audio or video file with the speech.
        out: Whole path or URI of the mp4 to write; a motion npz and a report go beside it.
        scorer: What fits clips to speech: aumoclip, prosody, e.g. 0.7*aumoclip+0.3*prosody, or random.
        interpolator: What makes the frames around a jump.
        seed: Other seeds give other good paths.
        lips: off - as in the footage, match - by mouths from the footage, or plug:NAME - by a package.
        tag: Show the avatar as it was at this tag of the catalog; leave it empty for as it is now.
        scene: Show only the videos of this scene, as a manifest or --scene says; leave it empty for all.
        settings_file: A TOML file of settings, as the worker sees it; leave it empty for those of the worker.
        overrides: Settings of this run alone, each as name=value, e.g. stages.render_video.crf=16.
    """
    from flows.reenact import reenact as render

    settings = given_settings(settings_file, overrides)
    return render.fn(
        avatar,
        speech,
        out,
        scorer=scorer,
        interpolator=Interpolator(interpolator).value,
        seed=seed,
        settings=settings,
        lips=lips,
        tag=tag,
        scene=scene,
    )
