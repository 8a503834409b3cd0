"""The speaker's geometry: the open body dressed in shells of cloth and hair, ready to be skinned and drawn.

Clothes are copies of the body's surface, smoothed (cloth bridges what skin shows), pushed outwards and cut per pixel by
`cuts`. They are made in a pose with hanging arms, as clothes are, and brought to the T-pose by inverse skinning.
"""

from dataclasses import dataclass

import numpy as np

from tango_models.body.build_open_body import unpose
from tango_models.body.skeleton import JOINT
from tango_models.body.smplx_body import Body
from tango_models.synthetic import cuts as c
from tango_models.synthetic.hair_and_teeth import hair_locks, teeth
from tango_models.synthetic.identity import Identity
from tango_models.synthetic.raster import ambient_occlusion, vertex_normals
from tango_models.synthetic.shells import HangingPose, Shells

INFLUENCES = 6  # joints per vertex kept for skinning


@dataclass
class Figure:
    """All layers in one mesh. Attributes (V, 4): ambient occlusion, lips, lash, nail (for cloth and hair: 0)."""

    rest: np.ndarray  # (V, 3) T-pose, shape applied
    surface: np.ndarray  # (V, 3) T-pose point of the skin under each vertex: the coordinates of materials and cuts
    faces: np.ndarray  # (F, 3) int32
    layer: np.ndarray  # (F,) int8
    cut: np.ndarray  # (F,) bool, the face crosses its layer's boundary
    two_sided: np.ndarray  # (F,) bool
    joint_index: np.ndarray  # (V, INFLUENCES) int32
    joint_weight: np.ndarray  # (V, INFLUENCES)
    attributes: np.ndarray  # (V, 4) float32
    expression: np.ndarray  # (H, 3, E) displacements of the head's vertices
    expression_rows: np.ndarray  # (H,)
    joints: np.ndarray  # (55, 3) T-pose
    cuts: np.ndarray  # (SIZE,)
    betas: np.ndarray  # (10,)


def identity_betas(identity: Identity, body: Body) -> np.ndarray:
    """Shape coefficients (10,) float32 of an identity."""
    if identity.betas is not None:
        return np.resize(np.asarray(identity.betas, np.float32), 10)
    names = body.arrays["phenotype_names"].tolist()
    table = body.arrays["phenotype_betas"]
    return sum((share * table[names.index(n)] for n, share in identity.phenotype.items()), np.zeros(10, np.float32))


def cut_values(identity: Identity, joints: np.ndarray, surface: np.ndarray, arrays: dict) -> np.ndarray:
    """The `cuts` vector of this body: every boundary relative to its own joints and face."""
    values = np.zeros(c.SIZE)
    neck, spine, eye = joints[JOINT["neck"]], joints[JOINT["spine3"]], joints[JOINT["left_eye"]]
    shoulder, wrist = joints[JOINT["left_shoulder"]], joints[JOINT["left_wrist"]]
    lips = surface[arrays["mask_lips"] > 128]
    head_height = surface[:, 1].max() - neck[1]
    values[c.NECK_Y], values[c.NECK_Z], values[c.NECK_SLOPE] = neck[1] + 0.004, neck[2], 0.5
    values[c.NECK_V] = identity.v_neck
    values[c.SLEEVE_X] = wrist[0] - 0.006
    values[c.JACKET_SLEEVE_X] = wrist[0] - 0.02
    values[c.BUTTON_Y] = spine[1] - 0.08
    values[c.OPENING] = 0.16
    values[c.LAPEL] = 0.22
    values[c.EYE_Y], values[c.EYE_X], values[c.EYE_Z] = eye[1], eye[0], eye[2]
    values[c.HAIR_SCALE] = head_height / 0.27
    values[c.HAIR_LOW] = -0.085
    values[c.HAIR_Z] = joints[JOINT["head"], 2] - 0.033
    values[c.JACKET_NECK_Y] = neck[1] - 0.006
    values[c.HEM_Y] = joints[0, 1] - 0.13
    values[c.SHOULDER_Y] = shoulder[1]
    values[c.LIP_Y], values[c.LIP_Z] = lips[:, 1].mean(), lips[:, 2].max()
    values[c.LOCKS_END] = eye[1] - identity.hair_length
    values[c.STRIPES], values[c.STUBBLE] = identity.stripes, identity.stubble
    values[c.BROW_THICK] = identity.brow_thickness
    return values


def build_figure(identity: Identity, body: Body) -> Figure:
    """Dresses the open body; about two seconds, once per speaker."""
    arrays = body.arrays
    betas = identity_betas(identity, body)
    skin_rest = arrays["v_template"].astype(float) + arrays["shapedirs"][..., :10].astype(float) @ betas
    joints = body.rest_joints(betas).numpy().astype(float)
    weights, faces = arrays["weights"].astype(float), body.faces.astype(np.int32)
    values = cut_values(identity, joints, skin_rest, arrays)
    pose = HangingPose(joints)
    hanging = pose.take(skin_rest, weights)
    shells = Shells(hanging, faces, weights)

    part = arrays["vertex_part"]
    own = weights.argmax(1)
    limbs = ("hip", "collar", "shoulder", "elbow", "wrist")
    names = ("pelvis", "spine1", "spine2", "spine3", "neck", *(f"{s}_{n}" for s in ("left", "right") for n in limbs))
    dressed = np.isin(own, [JOINT[n] for n in names])
    x, y, z = skin_rest.T
    above = np.array([c.neckline(p[0], p[1], p[2], values) for p in skin_rest])
    depth_top = np.minimum(-above, values[c.SLEEVE_X] - np.abs(x))  # > 0: under the top
    arm = np.abs(x) > 0.25

    pieces = []  # rest, surface, faces, layer, weights, two_sided

    def piece(points_hanging, piece_weights, piece_faces, layer, *, rest=None, surface=skin_rest, both=False):
        if rest is None:
            rest, _ = unpose(points_hanging, pose.joints, piece_weights, pose.to_t)
        used = np.unique(piece_faces)
        renumber = np.full(len(rest), -1)
        renumber[used] = np.arange(len(used))
        at = rest if layer in (c.TOP, c.JACKET) else surface  # cloth is smoother than what it covers
        origin = used if len(rest) == len(part) else np.full(len(used), -1)  # the body's vertex, if it is one
        pieces.append((rest[used], at[used], renumber[piece_faces], layer, piece_weights[used], both, origin))

    # Skin, eyes and mouth.
    covered = depth_top > 0.03
    inner = np.isin(part, [1, 2])
    front_eye = np.isin(part, [5, 6, 7, 8])
    bare = ~covered[faces].all(1) & (skin_rest[faces, 1].min(1) > values[c.HEM_Y] - 0.4)
    piece(hanging, weights, faces[bare & ~inner[faces].all(1) & ~front_eye[faces].all(1)], c.SKIN, rest=skin_rest)
    piece(hanging, weights, faces[bare & front_eye[faces].all(1)], c.EYE, rest=skin_rest)
    piece(hanging, weights, faces[bare & inner[faces].all(1)], c.MOUTH, rest=skin_rest, both=True)

    # The top, trousers included (`shading` tells them apart by height).
    thick = np.where(arm, 0.008, 0.007)
    points, cloth = shells.cover(dressed, 14, thick)
    opening = np.array([c.opening_width(v, values) for v in y])
    under_jacket = np.minimum(values[c.JACKET_SLEEVE_X] - np.abs(x), np.maximum(np.abs(x) - opening, -z * 2)) > 0.05
    under_jacket &= y < values[c.JACKET_NECK_Y] - 0.05
    keep = dressed[faces].all(1) & (depth_top[faces].max(1) > 0)
    if identity.jacket is not None:
        keep &= ~under_jacket[faces].all(1)
    piece(points, cloth, faces[keep], c.TOP)
    if identity.jacket is not None:
        loose = 0.014 - 0.002 * arm
        points, cloth = shells.cover(dressed & (y > values[c.HEM_Y] - 0.15), 26, loose)
        keep = dressed[faces].all(1) & (y[faces].min(1) > values[c.HEM_Y] - 0.1)
        keep &= np.abs(x)[faces].min(1) < values[c.JACKET_SLEEVE_X]
        piece(points, cloth, faces[keep], c.JACKET)

    # Hair.
    hair_in = np.array([c.hairline(p[0], p[1], p[2], values) for p in skin_rest])
    scalp = (own == JOINT["head"]) & (hair_in > -0.03) & (arrays["mask_ears"] < 60) & (part == 0)
    height = np.clip((y - values[c.EYE_Y]) / 0.11, 0, 1)
    rounding = np.clip((hair_in + 0.001) / 0.024, 0.0, 1) ** 0.6
    volume = (0.007 + 0.009 * height) * identity.hair_volume * rounding + 0.0008
    points, _ = shells.cover(scalp, 2, volume)
    piece(points, weights, faces[scalp[faces].all(1)], c.HAIR, rest=points - hanging + skin_rest)

    if identity.hair_length > 0:
        locks, lock_weights, lock_faces = hair_locks(pieces[-1][0], values, identity.hair_length)
        piece(None, lock_weights, lock_faces, c.LOCKS, rest=locks, surface=locks, both=True)
    for joint, low, high, back_by in (("head", -0.001, 0.0085, 0.019), ("jaw", -0.012, -0.004, 0.023)):
        row, row_weights, row_faces = teeth(values, JOINT[joint], low, high, back_by)
        piece(None, row_weights, row_faces, c.TEETH, rest=row, surface=row, both=True)

    rest = np.concatenate([p[0] for p in pieces])
    surface = np.concatenate([p[1] for p in pieces])
    start = np.cumsum([0] + [len(p[0]) for p in pieces])
    all_faces = np.concatenate([p[2] + s for p, s in zip(pieces, start, strict=False)]).astype(np.int32)
    layer = np.concatenate([np.full(len(p[2]), p[3], np.int8) for p in pieces])
    both = np.concatenate([np.full(len(p[2]), p[5]) for p in pieces])
    all_weights = np.concatenate([p[4] for p in pieces])
    source = np.concatenate([p[6] for p in pieces])
    top = np.argsort(-all_weights, axis=1)[:, :INFLUENCES]
    kept = np.take_along_axis(all_weights, top, 1)

    # Which faces cross their boundary, and which lie wholly beyond it.
    vertex_layer = np.zeros(len(rest), np.int8)
    vertex_layer[all_faces] = layer[:, None]
    beyond = np.array([c.outside(of, p[0], p[1], p[2], values) for of, p in zip(vertex_layer, surface, strict=True)])
    gone = beyond[all_faces].all(1) & ~_near_opening(layer, surface[all_faces], values)
    all_faces, layer, both = all_faces[~gone], layer[~gone], both[~gone]
    cut = beyond[all_faces].any(1) | (layer == c.HAIR) | _near_opening(layer, surface[all_faces], values)

    hang_all = np.concatenate([pose.take(p[0], p[4]) for p in pieces])
    normals = np.empty_like(hang_all)
    vertex_normals(hang_all, all_faces, normals)
    solid = all_faces[~(beyond[all_faces].any(1))]
    occlusion = ambient_occlusion(hang_all + 0.004 * normals, normals, solid)
    lash = _lashes(faces, part, skin_rest, joints)
    masks = [arrays["mask_lips"] / 255.0, lash, arrays["mask_fingernails"] / 255.0]
    attributes = np.stack([occlusion, *(m[source] for m in masks)], 1).astype(np.float32)
    attributes[vertex_layer > c.SKIN, 1:] = 0

    movement = arrays["shapedirs"][..., 10:]
    rows = np.flatnonzero((np.abs(movement).max((1, 2)) > 1e-5)[source] & (vertex_layer <= c.MOUTH))
    return Figure(rest, surface, all_faces, layer, cut, both, top.astype(np.int32), kept / kept.sum(1, keepdims=True),
                  attributes, movement[source[rows]].astype(float), rows, joints, values, betas)  # fmt: skip


def _near_opening(layer: np.ndarray, corners: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Faces (F,) of the jacket that the front opening may cross between their vertices. corners (F,3,3)."""
    front = (corners[..., 2].max(1) > -0.02) & (np.abs(corners[..., 0]).min(1) < 0.12)
    return (layer == c.JACKET) & front


def _lashes(faces: np.ndarray, part: np.ndarray, rest: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """1 on the rim of the upper lids, 0.35 on the lower: skin vertices that border the eye's cavity. (V,)"""
    cavity = np.isin(part, [3, 4])
    rim = np.zeros(len(part), bool)
    mixed = cavity[faces].any(1) & ~cavity[faces].all(1)
    rim[faces[mixed].ravel()] = True
    upper = rest[:, 1] > joints[JOINT["left_eye"], 1] - 0.001
    return np.where(rim, np.where(upper, 1.0, 0.35), 0.0)
