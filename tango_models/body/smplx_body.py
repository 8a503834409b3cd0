"""A body in the SMPL-X format: joints by a small differentiable forward kinematics, vertices through `smplx`.

Fitting and the motion features need joints only, over thousands of frames; skinning 10,000 vertices for them would cost
two hundred times more. `joints` gives what the `smplx` package gives for its first 55 joints (tests hold the two
together); `vertices` is the package's own linear blend skinning.
"""

from __future__ import annotations

import functools
import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tango_models.body.skeleton import JOINT_COUNT, PARENTS
from tango_models.errors import InputError

if TYPE_CHECKING:
    import torch

OPEN_BODY = Path(__file__).parent / "assets" / "open_body.npz"
_REQUIRED = ("v_template", "f", "shapedirs", "J_regressor", "weights", "kintree_table")
_OPTIONAL = ("vt", "ft", "expression_names", "phenotype_names", "phenotype_betas", "vertex_part", "part_names",
             "mask_lips", "mask_eyelids", "mask_fingernails", "mask_ears", "extra_vertex_names",
             "extra_vertex_ids")  # fmt: skip
_SMPLX_BETAS = 300  # a licensed file holds 300 shape then 100 expression directions; the open body 10 then 10


class Body:
    """One body file, loaded once and shared by every call. Metres, y up, axis-angle, poses in `skeleton` order."""

    def __init__(self, path: Path, arrays: dict[str, np.ndarray]) -> None:
        import torch

        self.path = path
        self.id = hashlib.blake2b(path.read_bytes(), digest_size=6).hexdigest()
        self.arrays = arrays
        self.faces = arrays["f"].astype(np.int64)
        directions = arrays["shapedirs"]
        split = _SMPLX_BETAS if directions.shape[-1] > _SMPLX_BETAS else directions.shape[-1] // 2
        self.num_betas, self.num_expressions = split, directions.shape[-1] - split
        as_tensor = functools.partial(torch.as_tensor, dtype=torch.float32)
        self.template = as_tensor(arrays["v_template"])  # (V, 3)
        self.shape_directions = as_tensor(directions[..., :split])  # (V, 3, S)
        self.expression_directions = as_tensor(directions[..., split:])  # (V, 3, E)
        self.regressor = as_tensor(arrays["J_regressor"])  # (55, V)
        self.weights = as_tensor(arrays["weights"])  # (V, 55)
        self._rest = self.regressor @ self.template  # (55, 3)
        self._rest_directions = torch.einsum("jv,vck->jck", self.regressor, self.shape_directions)  # (55, 3, S)

    @classmethod
    def load(cls, path: str | Path | None = None) -> Body:
        """The open body that ships with the package, or a licensed SMPLX_NEUTRAL*.npz at `path`. Cached by path.

        Raises InputError when the file is missing, is no .npz, or is not a SMPL-X body with 55 joints. Never unpickles:
        only the plain arrays needed are read, whatever else the file holds.
        """
        return _load(Path(path).resolve() if path is not None else OPEN_BODY)

    def rest_joints(self, betas: np.ndarray | torch.Tensor | None = None) -> torch.Tensor:
        """Joints of the T-pose, (55, 3) for betas (S,) or None, (B, 55, 3) for betas (B, S). S may be fewer than 10."""
        import torch

        if betas is None:
            return self._rest
        betas = torch.as_tensor(betas, dtype=torch.float32)
        used = min(betas.shape[-1], self.num_betas)
        return self._rest + torch.einsum("jck,...k->...jc", self._rest_directions[..., :used], betas[..., :used])

    def joints(
        self,
        poses: np.ndarray | torch.Tensor,
        trans: np.ndarray | torch.Tensor | None = None,
        betas: np.ndarray | torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Posed joints (B, 55, 3) in metres: forward kinematics without a mesh, differentiable in every argument.

        poses (B, 165) axis-angle, trans (B, 3) or None for zero, betas (S,), (B, S) or None for the mean shape.
        """
        import torch

        poses = torch.as_tensor(poses, dtype=torch.float32)
        rest = self.rest_joints(betas)
        # Work goes level by level of the tree (9 batched products), not joint by joint (55).
        world = _rotation_matrices(poses.reshape(-1, JOINT_COUNT, 3))  # (B, 55, 3, 3)
        rest = rest.expand(len(world), -1, -1)
        offsets = torch.cat([rest[:, :1], rest[:, 1:] - rest[:, _PARENTS[1:]]], dim=1)  # (B, 55, 3)
        rotation, position, order = world[:, :1], offsets[:, :1], [0]
        for level in _LEVELS[1:]:
            parents = [order.index(_PARENTS[j]) for j in level]
            above = rotation[:, parents]
            position = torch.cat([position, position[:, parents] + (above @ offsets[:, level, :, None])[..., 0]], 1)
            rotation = torch.cat([rotation, above @ world[:, level]], 1)
            order = order + level
        found = position[:, np.argsort(order)]
        return found if trans is None else found + torch.as_tensor(trans, dtype=torch.float32)[:, None]

    def vertices(
        self,
        poses: np.ndarray | torch.Tensor,
        trans: np.ndarray | torch.Tensor | None = None,
        betas: np.ndarray | torch.Tensor | None = None,
        expression: np.ndarray | torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Posed mesh (B, V, 3) by the `smplx` package's linear blend skinning; expression (B, E) or (E,) or None."""
        import torch
        from smplx.lbs import lbs

        poses = torch.as_tensor(poses, dtype=torch.float32).contiguous()  # lbs views it
        count = len(poses)

        def coefficients(values: np.ndarray | torch.Tensor | None, size: int) -> torch.Tensor:
            if values is None:
                return torch.zeros(count, size)
            values = torch.as_tensor(values, dtype=torch.float32)[..., :size]
            values = torch.nn.functional.pad(values, (0, size - values.shape[-1]))
            return values.expand(count, size)

        shape = torch.cat([coefficients(betas, self.num_betas), coefficients(expression, self.num_expressions)], 1)
        found, _ = lbs(shape, poses, self.template[None], self._all_directions, self._pose_directions, self.regressor,
                       torch.tensor(_PARENTS), self.weights)  # fmt: skip
        return found if trans is None else found + torch.as_tensor(trans, dtype=torch.float32)[:, None]

    @functools.cached_property
    def _all_directions(self) -> torch.Tensor:
        import torch

        return torch.cat([self.shape_directions, self.expression_directions], -1)

    @functools.cached_property
    def _pose_directions(self) -> torch.Tensor:  # (486, 3 V)
        import torch

        with np.load(self.path, allow_pickle=False) as file:  # 80 MB unpacked, and only meshes need it
            directions = file["posedirs"]
        return torch.as_tensor(directions, dtype=torch.float32).reshape(-1, directions.shape[-1]).T


def _tree_levels() -> list[list[int]]:
    depth = np.zeros(JOINT_COUNT, int)
    for j in range(1, JOINT_COUNT):
        depth[j] = depth[PARENTS[j]] + 1
    return [np.flatnonzero(depth == d).tolist() for d in range(depth.max() + 1)]


_LEVELS = _tree_levels()
_PARENTS: list[int] = PARENTS.tolist()


def _rotation_matrices(axis_angle: torch.Tensor) -> torch.Tensor:
    """Rodrigues' formula, (..., 3) -> (..., 3, 3), with exact values and gradients at zero rotation."""
    import torch

    squared = (axis_angle**2).sum(-1)[..., None, None]
    small = squared < 1e-8
    safe = torch.where(small, torch.ones_like(squared), squared)
    angle = safe.sqrt()
    sine = torch.where(small, 1 - squared / 6, angle.sin() / angle)
    cosine = torch.where(small, 0.5 - squared / 24, (1 - angle.cos()) / safe)
    x, y, z = axis_angle.unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*axis_angle.shape[:-1], 3, 3)
    return torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device) + sine * skew + cosine * (skew @ skew)


@functools.lru_cache(maxsize=4)
def _load(path: Path) -> Body:
    return Body(path, _read(path, (*_REQUIRED, *_OPTIONAL)))


def _read(path: Path, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    remedy = "give a SMPLX_NEUTRAL*.npz from the SMPL-X site, or none for the open body"
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [key for key in (*_REQUIRED, "posedirs") if key not in file.files]
            if missing:
                raise InputError(str(path), f"is no SMPL-X body: it lacks {', '.join(missing)}", remedy)
            arrays = {key: file[key] for key in keys if key in file.files}
    except FileNotFoundError:
        raise InputError(str(path), "there is no such body file", remedy) from None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(str(path), f"cannot be read as a body file ({error})", remedy) from error
    if arrays["weights"].shape[-1] != JOINT_COUNT or arrays["kintree_table"].shape[-1] != JOINT_COUNT:
        found = arrays["weights"].shape[-1]
        raise InputError(str(path), f"has {found} joints where SMPL-X has {JOINT_COUNT}", remedy)
    return arrays


def check_body_file(path: str | Path) -> None:
    """Refuse a file that `Body.load` would.

    Raises:
        InputError: see `Body.load`.
    """
    _read(Path(path), ("weights", "kintree_table"))
