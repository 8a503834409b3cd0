"""Builds the open body: a file in the SMPL-X format made from Anny (Apache-2.0 code, CC0 MakeHuman assets).

    python -m tango_models.body.build_open_body [OUT.npz]

needs the optional extra ``body`` (anny). The result has the keys, shapes and joint order of a SMPL-X model file, so
that the ``smplx`` package and every SMPL-X motion file work with it, and holds nothing of SMPL-X's own data:

* mesh, UVs, skinning and joints are Anny's; its bones are merged into the 55 joints;
* the zero pose is SMPL-X's: T-pose, palms down, flat straight fingers. It is found by *un-posing* Anny's A-pose through
  the merged skinning weights, so that a relaxed arm is again exactly the sculpted one;
* ten shape directions are the principal components of Anny's phenotypes (`phenotype_betas` says how to reach each);
* ten expression directions are ARKit face units (`skeleton.EXPRESSIONS`);
* Anny has no jaw bone: its hinge and the jaw's skinning weights are fitted to the jawOpen face unit.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from tango_models.body.skeleton import EXPRESSIONS, FINGERS, JOINT, JOINT_COUNT, JOINT_NAMES, PARENTS

ASSET = Path(__file__).parent / "assets" / "open_body.npz"
TO_Y_UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], float)  # Anny: z up, facing -y. SMPL-X: y up, facing +z
SHAPES, REGRESSOR_VERTICES = 10, 400

# Anny's phenotypes around its middle, each reachable with betas. Age .6667 is a young adult.
VARIANTS: dict[str, dict[str, float]] = {
    f"{name}={value:g}": {name: value}
    for name, low, high in (("gender", 0, 1), ("height", 0, 1), ("weight", 0, 1), ("muscle", 0, 1),
                            ("proportions", 0, 1), ("age", 0.45, 1.0))
    for value in (low, high)
}  # fmt: skip

FACE_UNITS: dict[str, tuple[str, ...]] = {
    "jawOpen": ("jawOpen",),
    "mouthSmile": ("mouthSmileLeft", "mouthSmileRight"),
    "mouthPucker": ("mouthPucker",),
    "mouthFunnel": ("mouthFunnel",),
    "browUp": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    "eyeBlink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "mouthClose": ("mouthClose",),
    "mouthStretch": ("mouthStretchLeft", "mouthStretchRight"),
    "mouthPress": ("mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper"),
    "browDown": ("browDownLeft", "browDownRight"),
}

# Inner parts of the mesh and their colours in Anny's body_parts_segmentation image.
PARTS = {"mouth_cavity": (112, 172, 255), "tongue": (206, 153, 167), "left_eye_cavity": (249, 108, 136),
         "right_eye_cavity": (253, 249, 16), "left_eye_front": (16, 231, 186), "left_eye_back": (255, 101, 0),
         "right_eye_front": (16, 115, 231), "right_eye_back": (24, 170, 109)}  # fmt: skip
MASKS = ("lips", "eyelids", "fingernails", "ears")


def bones_of_joints(bones: list[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Of each of the 55 joints: the Anny bone whose head it is, and the bones whose skinning it takes over."""
    head = {"pelvis": "root", "spine1": "spine04", "spine2": "spine03", "spine3": "spine02", "neck": "neck01",
            "head": "head", "jaw": "head"}  # fmt: skip
    owned = {"pelvis": ["root", "pelvis.L", "pelvis.R", "spine05"], "spine1": ["spine04"], "spine2": ["spine03"],
             "spine3": ["spine02", "spine01"], "neck": ["neck01", "neck02", "neck03"], "head": ["head"]}  # fmt: skip
    limbs = {
        "hip": ["upperleg01", "upperleg02"],
        "knee": ["lowerleg01", "lowerleg02"],
        "ankle": ["foot"],
        "collar": ["clavicle", "shoulder01"],
        "shoulder": ["upperarm01", "upperarm02"],
        "elbow": ["lowerarm01", "lowerarm02"],
        "wrist": ["wrist", "metacarpal1", "metacarpal2", "metacarpal3", "metacarpal4"],
        "eye": ["eye"],
    }
    numbers = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "pinky": 5}
    for side, letter in (("left", "L"), ("right", "R")):
        for joint, own in limbs.items():
            head[f"{side}_{joint}"] = f"{own[0]}.{letter}"
            owned[f"{side}_{joint}"] = [f"{bone}.{letter}" for bone in own]
        head[f"{side}_foot"] = f"toe2-1.{letter}"
        owned[f"{side}_foot"] = [b for b in bones if b.startswith("toe") and b.endswith(f".{letter}")]
        for finger in FINGERS:
            for k in (1, 2, 3):
                head[f"{side}_{finger}{k}"] = f"finger{numbers[finger]}-{k}.{letter}"
                owned[f"{side}_{finger}{k}"] = [f"finger{numbers[finger]}-{k}.{letter}"]
    return head, owned


class Anny:
    """Anny's rest meshes in SMPL-X's axes, its bones merged into the 55 joints."""

    def __init__(self, cache: str) -> None:
        os.environ.setdefault("ANNY_CACHE_DIR", cache)
        import anny
        import torch

        self.torch, self.model = torch, anny.Anny(facial_actions="all")
        bones = list(self.model.bone_labels)
        head, owned = bones_of_joints(bones)
        self.head_index = np.array([bones.index(head[name]) for name in JOINT_NAMES])
        index = self.model.vertex_bone_indices.numpy()
        weights = np.zeros((len(index), len(bones)))
        np.add.at(weights, (np.arange(len(index))[:, None], index), self.model.vertex_bone_weights.numpy())
        self.weights = np.zeros((len(index), JOINT_COUNT))
        for name, own in owned.items():
            self.weights[:, JOINT[name]] = weights[:, [bones.index(b) for b in own]].sum(1)
        self.weights /= self.weights.sum(1, keepdims=True)
        self.identity = torch.eye(4, dtype=torch.float64).repeat(1, len(bones), 1, 1)

    def triangles(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """faces (F,3), texture coordinates (U,2), texture faces (F,3), quads already split the same way in both."""
        quads = self.model.faces.numpy()
        texture = self.model.face_texture_coordinate_indices.numpy()
        if quads.shape[1] == 4:
            split = [[0, 1, 2], [0, 2, 3]]
            quads, texture = (np.concatenate([a[:, s] for s in split]) for a in (quads, texture))
        return quads, self.model.texture_coordinates.numpy(), texture

    def rest(self, phenotype: dict[str, float] | None = None, face: dict[str, float] | None = None):
        """A-pose vertices (V,3) and joints (55,3)."""
        values = {label: 0.5 for label in self.model.phenotype_labels} | {"age": 0.6667} | (phenotype or {})
        extra = {"facial_actions": face} if face else {}
        with self.torch.no_grad():
            out = self.model(pose_parameters=self.identity, phenotype_kwargs=values, **extra)
        bones = out["bone_poses"][0, :, :3, 3].numpy() @ TO_Y_UP.T
        return out["vertices"][0].numpy() @ TO_Y_UP.T, bones[self.head_index]

    def painted(self, texture_faces: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> dict[str, np.ndarray]:
        """Per vertex (V,) uint8: its inner part (0 skin, else 1 + index in PARTS) and soft masks 0..255."""
        import anny
        import cv2

        data = Path(anny.__file__).parent / "data"
        corner = np.zeros(faces.max() + 1, np.int64)
        corner[faces] = texture_faces

        def sample(path: Path) -> np.ndarray:
            image = cv2.imread(str(path))
            if image is None:
                raise FileNotFoundError(path)
            height, width = image.shape[:2]
            at = uv[corner]
            x = np.clip(at[:, 0] * width - 0.5, 0, width - 1).round().astype(int)
            y = np.clip((1 - at[:, 1]) * height - 0.5, 0, height - 1).round().astype(int)
            return image[y, x]

        colours = sample(data / "segmentation" / "body_parts_segmentation.png")[:, ::-1].astype(int)
        parts = np.zeros(len(corner), np.uint8)
        for index, colour in enumerate(PARTS.values()):
            parts[np.abs(colours - colour).sum(1) < 12] = index + 1
        masks = {name: sample(data / "mpfb2" / "textures" / f"mpfb_{name}.jpg")[:, 0] for name in MASKS}
        return {"vertex_part": parts, **{f"mask_{name}": mask for name, mask in masks.items()}}


def rotation_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Smallest rotation taking direction a to direction b."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    v = np.cross(a, b)
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + k + k @ k / (1 + a @ b)


def frame(x: np.ndarray, towards_y: np.ndarray) -> np.ndarray:
    """Right-handed orthonormal columns: x, the part of towards_y across it, their cross product."""
    x = x / np.linalg.norm(x)
    y = towards_y - x * (x @ towards_y)
    y /= np.linalg.norm(y)
    return np.stack([x, y, np.cross(x, y)], 1)


def t_pose_rotations(joints: np.ndarray, vertices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """World rotations (55,3,3) that take every joint's part of the A-pose to the T-pose."""
    rotations = np.tile(np.eye(3), (JOINT_COUNT, 1, 1))
    at = {name: joints[i] for name, i in JOINT.items()}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        out = np.array([sign, 0, 0])
        down = at[f"{side}_ankle"] - at[f"{side}_hip"]
        for name in ("hip", "knee"):
            rotations[JOINT[f"{side}_{name}"]] = rotation_between(down, np.array([0, -1.0, 0]))
        for name, child in (("shoulder", "elbow"), ("elbow", "wrist")):
            rotations[JOINT[f"{side}_{name}"]] = rotation_between(at[f"{side}_{child}"] - at[f"{side}_{name}"], out)
        wrist = at[f"{side}_wrist"]
        back = sign * np.cross(at[f"{side}_index1"] - wrist, at[f"{side}_pinky1"] - wrist)  # back of the hand: up
        hand = frame(out, np.array([0, 1.0, 0])) @ frame(at[f"{side}_middle1"] - wrist, back).T
        rotations[JOINT[f"{side}_wrist"]] = hand
        for finger in FINGERS:
            names = [f"{side}_{finger}{k}" for k in (1, 2, 3)]
            last = weights[:, JOINT[names[2]]] > 0.5
            distance = np.linalg.norm(vertices[last] - at[names[2]], axis=1)
            tip = vertices[last][np.argsort(distance)[-12:]].mean(0)
            points = [at[n] for n in names] + [tip]
            straight = hand @ (points[2] - points[0])
            straight[1] = 0.0
            for k, name in enumerate(names):
                if finger == "thumb":  # its relaxed rest is also SMPL-X's
                    rotations[JOINT[name]] = hand
                else:
                    segment = hand @ (points[k + 1] - points[k])
                    rotations[JOINT[name]] = rotation_between(segment, straight) @ hand
    return rotations


def unpose(vertices: np.ndarray, joints: np.ndarray, weights: np.ndarray, rotations: np.ndarray):
    """A-pose -> T-pose: the mesh that linear blend skinning brings back to `vertices` exactly.

    vertices (V,3), joints (55,3), weights (V,55), rotations (55,3,3) A to T. Returns (V,3), (55,3).
    """
    t_joints = joints.copy()
    for j in range(1, JOINT_COUNT):
        parent = PARENTS[j]
        t_joints[j] = t_joints[parent] + rotations[parent] @ (joints[j] - joints[parent])
    back = rotations.transpose(0, 2, 1)
    offset = joints - np.einsum("jab,jb->ja", back, t_joints)
    blended = np.einsum("vj,jab->vab", weights, back)
    shift = weights @ offset
    return np.linalg.solve(blended, (vertices - shift)[..., None])[..., 0], t_joints


def jaw_hinge(vertices: np.ndarray, opened: np.ndarray, head: np.ndarray) -> tuple[np.ndarray, float]:
    """Axis point (3,) and angle (rad) of the rotation about x that best explains the jawOpen displacement (V,3)."""
    from scipy.optimize import least_squares

    size = np.linalg.norm(opened, axis=1)
    chin = (size > 0.6 * size.max()) & (vertices[:, 1] < head[1] + 0.2)
    points, moved = vertices[chin][:, 1:], (vertices + opened)[chin][:, 1:]

    def residual(p: np.ndarray) -> np.ndarray:
        c, s = np.cos(p[0]), np.sin(p[0])
        turned = (points - p[1:]) @ np.array([[c, -s], [s, c]]).T + p[1:]  # about +x: y to z
        # a weak prior holds the hinge at the jaw joint before the ear when the rotation alone does not fix it
        return np.concatenate([(turned - moved).ravel(), 0.02 * (p[1:] - prior)])

    chin_z = vertices[chin][:, 2].max()
    prior = np.array([np.median(points[:, 0]) + 0.055, chin_z - 0.085])
    p = least_squares(residual, np.array([0.2, *prior])).x
    return np.array([0.0, p[1], p[2]]), float(p[0])


def jaw_weights(vertices: np.ndarray, opened: np.ndarray, hinge: np.ndarray, angle: float) -> np.ndarray:
    """Share (V,) of the hinge's rotation that jawOpen gives every vertex, 0..1."""
    c, s = np.cos(angle), np.sin(angle)
    rigid = (vertices - hinge) @ (np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) - np.eye(3)).T
    return np.clip((opened * rigid).sum(1) / ((rigid**2).sum(1) + 1e-8), 0, 1)


def joint_regressor(meshes: np.ndarray, joints: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Affine weights (55,V) on near vertices with `J @ mesh = joints` for every mesh and no change by expressions.

    meshes (M,V,3), joints (M,55,3), still (E,V,3) displacements that must not move a joint. The smallest weights that
    do so are taken: large ones would turn quantisation of the mesh into joint noise.
    """
    regressor = np.zeros((JOINT_COUNT, meshes.shape[1]))
    moved = np.linalg.norm(still, axis=2).max(0)
    for j in range(JOINT_COUNT):
        near = np.argsort(np.linalg.norm(meshes[0] - joints[0, j], axis=1) + 50 * moved)[:REGRESSOR_VERTICES]
        a = np.concatenate([*(m[near].T for m in meshes), *(e[near].T for e in still), np.ones((1, len(near)))])
        b = np.concatenate([*(q[j] for q in joints), np.zeros(3 * len(still)), [1.0]])
        start = np.full(len(near), 1 / len(near))
        # ridge around the mean of the vertices: 1e-5 bounds the fit error to well under a millimetre
        gram = a @ a.T + 1e-6 * np.eye(len(a))
        regressor[j, near] = start + a.T @ np.linalg.solve(gram, b - a @ start)
    return regressor


def extra_vertices(vertices: np.ndarray, weights: np.ndarray, joints: np.ndarray) -> dict[str, int]:
    """The vertices that `smplx` adds as joints 55..75 under its own names."""
    found: dict[str, int] = {}

    def furthest(mask: np.ndarray, direction: tuple[float, float, float]) -> int:
        inside = np.flatnonzero(mask)
        return int(inside[np.argmax(vertices[inside] @ np.array(direction))])

    own = weights.argmax(1)
    head, eye_height = joints[JOINT["head"]], joints[JOINT["left_eye"], 1]
    front = (own == JOINT["head"]) & (np.abs(vertices[:, 0]) < 0.01) & (vertices[:, 1] < eye_height - 0.01)
    front &= (vertices[:, 1] > eye_height - 0.06) & (vertices[:, 2] > head[2])
    found["nose"] = furthest(front, (0, 0, 1))
    for side, letter, sign in (("left", "l", 1.0), ("right", "r", -1.0)):
        found[f"{letter}eye"] = furthest(own == JOINT[f"{side}_eye"], (0, 0, 1))
        skull = (own == JOINT["head"]) & (np.abs(vertices[:, 1] - eye_height + 0.02) < 0.05)
        found[f"{letter}ear"] = furthest(skull, (sign, 0, 0))
        for finger in FINGERS:
            direction = joints[JOINT[f"{side}_{finger}3"]] - joints[JOINT[f"{side}_{finger}2"]]
            found[letter + finger] = furthest(own == JOINT[f"{side}_{finger}3"], tuple(direction))
        foot = np.isin(own, [JOINT[f"{side}_ankle"], JOINT[f"{side}_foot"]])
        middle = joints[JOINT[f"{side}_foot"], 0]
        inner = sign * (vertices[:, 0] - middle) < 0
        found[f"{letter.upper()}BigToe"] = furthest(foot & inner, (0, 0, 1))
        found[f"{letter.upper()}SmallToe"] = furthest(foot & ~inner, (sign * 1.0, 0, 0.7))
        found[f"{letter.upper()}Heel"] = furthest(foot, (0, -0.3, -1))
    return found


def build(out: Path = ASSET) -> dict[str, float]:
    """Writes the open body and returns what was measured: regressor error (m), PCA energy, jaw angle (deg), bytes."""
    with tempfile.TemporaryDirectory() as cache:
        anny = Anny(cache)
        weights = anny.weights
        a_vertices, a_joints = anny.rest()
        faces, uv, uv_faces = anny.triangles()
        painted = anny.painted(uv_faces, faces, uv)
        shapes = [anny.rest(p) for p in VARIANTS.values()]
        expressions_a = {n: anny.rest(face={u: 1.0 for u in FACE_UNITS[n]})[0] - a_vertices for n in EXPRESSIONS}

    hinge, angle = jaw_hinge(a_vertices, expressions_a["jawOpen"], a_joints[JOINT["head"]])
    share = jaw_weights(a_vertices, expressions_a["jawOpen"], hinge, angle)
    weights[:, JOINT["jaw"]] = weights[:, JOINT["head"]] * share
    weights[:, JOINT["head"]] *= 1 - share
    weights[weights < 1e-3] = 0
    weights /= weights.sum(1, keepdims=True)

    rotations = t_pose_rotations(a_joints, a_vertices, weights)
    # The jaw hinge rides on the head: in a variant it is where the nearest face vertices went.
    near = np.argsort(np.linalg.norm(a_vertices - hinge, axis=1))[:200]
    pairs = []
    for vertices, joints in [(a_vertices, a_joints), *shapes]:
        joints = joints.copy()
        joints[JOINT["jaw"]] = hinge + (vertices[near] - a_vertices[near]).mean(0)
        pairs.append(unpose(vertices, joints, weights, rotations))
    meshes, joints = np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])

    origin = joints[0, 0].copy()  # SMPL-X's pelvis is close to the origin
    meshes, joints = meshes - origin, joints - origin
    deltas = (meshes[1:] - meshes[0]).reshape(len(shapes), -1)
    _, scale, components = np.linalg.svd(deltas, full_matrices=False)
    unit = scale[:SHAPES] / np.sqrt(len(shapes))  # one unit of a beta: one standard deviation over the variants
    betas = deltas @ components[:SHAPES].T / unit
    shape_directions = (components[:SHAPES] * unit[:, None]).reshape(SHAPES, -1, 3)
    expressions = np.stack([expressions_a[n] for n in EXPRESSIONS])  # the head is upright in both poses
    regressor = joint_regressor(meshes, joints, expressions)

    v2f = np.zeros(meshes.shape[1], np.int64)
    v2f[faces] = np.arange(len(faces))[:, None]
    extra = extra_vertices(meshes[0], weights, joints[0])
    landmarks = np.full(51, extra["nose"])  # SMPL-X has iBUG points here; nothing of ours reads them
    corner = (faces[v2f[landmarks]] == landmarks[:, None]).astype(np.float32)
    count = meshes.shape[1]
    shapedirs = np.concatenate([shape_directions, expressions]).transpose(1, 2, 0)
    arrays = {
        "v_template": np.round(meshes[0], 6).astype(np.float32),
        "f": faces.astype(np.uint32),
        "vt": np.round(uv, 5).astype(np.float32),
        "ft": uv_faces.astype(np.uint32),
        "shapedirs": np.round(shapedirs, 5).astype(np.float32),  # 10 um steps: compresses fourfold
        "posedirs": np.zeros((count, 3, 9 * (JOINT_COUNT - 1)), np.float32),
        "J_regressor": regressor.astype(np.float32),
        "weights": weights.astype(np.float32),
        "kintree_table": np.stack([PARENTS, np.arange(JOINT_COUNT)]).astype(np.uint32),
        "lmk_faces_idx": v2f[landmarks],
        "lmk_bary_coords": corner,
        "dynamic_lmk_faces_idx": np.full((79, 17), v2f[extra["nose"]]),
        "dynamic_lmk_bary_coords": np.tile(corner[0], (79, 17, 1)),
        "hands_componentsl": np.eye(45, dtype=np.float32),
        "hands_componentsr": np.eye(45, dtype=np.float32),
        "hands_meanl": np.zeros(45, np.float32),
        "hands_meanr": np.zeros(45, np.float32),
        "joint_names": np.array(JOINT_NAMES),
        "expression_names": np.array(EXPRESSIONS),
        "phenotype_names": np.array(list(VARIANTS)),
        "phenotype_betas": betas.astype(np.float32),
        **painted,
        "part_names": np.array(list(PARTS)),
        "extra_vertex_names": np.array(list(extra)),
        "extra_vertex_ids": np.array(list(extra.values()), np.int64),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out, **arrays)
    j32 = arrays["J_regressor"].astype(float)
    rebuilt = arrays["v_template"] + np.einsum("vck,sk->svc", arrays["shapedirs"][..., :SHAPES], betas)
    return {
        "regressor_error_m": float(np.abs(np.einsum("jv,svc->sjc", j32, rebuilt) - joints[1:]).max()),
        "template_joint_error_m": float(np.abs(j32 @ arrays["v_template"] - joints[0]).max()),
        "expression_joint_shift_m": float(np.abs(np.einsum("jv,evc->ejc", j32, expressions)).max()),
        "regressor_weight_norm": float(np.linalg.norm(j32, axis=1).max()),
        "pca_energy": float((scale[:SHAPES] ** 2).sum() / (scale**2).sum()),
        "jaw_angle_deg": float(np.degrees(angle)),
        "bytes": float(out.stat().st_size),
    }


if __name__ == "__main__":
    for name, value in build(Path(sys.argv[1]) if len(sys.argv) > 1 else ASSET).items():
        print(f"{name}: {value:.6g}")
