"""What a Ray cluster at an address is asked before it is joined: whether it takes the token that this process shows,
and what its nodes have.

Ray answers a wrong one, and an address where nobody is, only after 20 to 80 s of warnings; so the cluster is asked once
before it is joined. https://docs.ray.io/en/latest/ray-security/token-auth.html
"""

import os
import re
import secrets
import tempfile
from pathlib import Path

from tango_models.errors import InputError

_SECONDS = 10.0
"""For a head that is just starting, or is far away."""
_CLIENT = "ray://"
_ADDRESS = re.compile(rf"({_CLIENT})?([^/\s]+:\d+)")
_ASKED = {True: "/ray.rpc.RayletDriver/ClusterInfo", False: "/ray.rpc.NodeInfoGcsService/GetClusterId"}
"""Of a port for clients, and of the head's own."""
_NAME_ONE = "name the file that holds the cluster's token by TANGO_CLUSTER__TOKEN_FILE (on its head: ~/.ray/auth_token)"


def let_ray_have_one() -> None:
    """Ray guards a cluster of one's own by a token that it makes in `~/.ray`. Where it cannot be made there, this
    process and those that it starts get one of their own."""
    if any(os.environ.get(f"RAY_AUTH_{name}") for name in ("TOKEN", "TOKEN_PATH")):
        return
    place = Path(os.path.expanduser("~/.ray"))
    try:
        place.mkdir(parents=True, exist_ok=True)
        if not (place / "auth_token").exists():
            with tempfile.TemporaryFile(dir=place):
                pass
    except OSError:
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def check_token_file(given: str | None) -> None:
    """Refuse a file that holds no token, at which Ray would abort the process.

    Args:
        given: the setting `token_file`; None: what the environment names for Ray, if anything.

    Raises:
        InputError: it cannot be read, or is empty.
    """
    named = given or (not os.environ.get("RAY_AUTH_TOKEN") and os.environ.get("RAY_AUTH_TOKEN_PATH")) or None
    if named is None:
        return
    try:
        if Path(named).expanduser().read_text().strip():
            return
        fault = "holds no token"
    except (OSError, ValueError) as error:
        fault = f"cannot be read as Ray's token ({getattr(error, 'strerror', None) or error})"
    raise InputError(named, fault, _NAME_ONE)


def show_token(given: str) -> None:
    """Show the token of a file to every cluster that this process joins from now on, whatever else is set for Ray."""
    os.environ.pop("RAY_AUTH_TOKEN", None)
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(Path(given).expanduser())
    os.environ["RAY_AUTH_MODE"] = "token"
    from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]

    # Both have read the environment already when Ray was imported before.
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()


def check_taken(address: str) -> None:
    """Ask a cluster whether it takes what this process shows; imports Ray. Addresses that name no host are Ray's to
    find (`auto`).

    Raises:
        InputError: it asks for another token, nobody answers there, or somebody who is no Ray; a URL that is none of
            Ray's.
    """
    if not (found := _ADDRESS.fullmatch(address)):
        if "://" in address and not address.startswith(_CLIENT):
            remedy = f"name a head's host:6379, or what it has for clients, {_CLIENT}host:10001"
            raise InputError(address, "is no address of a Ray cluster", remedy)
        return
    import grpc
    from ray._private.grpc_utils import init_grpc_channel
    from ray._private.ray_constants import GLOBAL_GRPC_OPTIONS

    client = bool(found[1])
    with init_grpc_channel(found[2], options=GLOBAL_GRPC_OPTIONS) as channel:
        ask = channel.unary_unary(_ASKED[client], request_serializer=bytes, response_deserializer=bytes)
        try:
            ask(b"", timeout=_SECONDS, wait_for_ready=True)
        except grpc.RpcError as error:
            code = error.code()
        else:
            return
    if code is grpc.StatusCode.UNAUTHENTICATED:
        shown = os.environ.get("RAY_AUTH_MODE", "").lower() == "token"
        fault = "does not take the token that it is shown" if shown else "asks for a token"
        raise InputError(address, fault, _NAME_ONE)
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        fault = f"no Ray cluster can be joined there (nobody answers in {_SECONDS:.0f} s)"
        raise InputError(address, fault, "start it, or unset cluster.address (TANGO_CLUSTER__ADDRESS)")
    if code is grpc.StatusCode.UNIMPLEMENTED:
        asked = "clients" if client else "a head"
        remedy = "a head listens at host:6379, and for clients at ray://host:10001, unless it was told otherwise"
        raise InputError(address, f"is no port of Ray's for {asked}", remedy)


def nodes_at(address: str) -> list[dict[str, float]]:
    """What each living node of the cluster at a head's `host:port` has, asked without joining it; nothing where the
    address names no host.

    Raises:
        InputError: it does not answer.
    """
    if not (found := _ADDRESS.fullmatch(address)) or found[1]:
        return []
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.core.generated.gcs_pb2 import GcsNodeInfo  # type: ignore[attr-defined]
    from ray.exceptions import RayError

    try:
        nodes = GcsClient(address=found[2]).get_all_node_info(timeout=_SECONDS).values()
    except (RayError, OSError, RuntimeError) as error:
        why = str(error).strip().partition("\n")[0]
        raise InputError(address, f"its head does not say what it has ({why})", "see whether it runs") from error
    return [dict(node.resources_total) for node in nodes if node.state == GcsNodeInfo.ALIVE]
