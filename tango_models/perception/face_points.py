"""The part of MediaPipe's 468-point face mesh that is kept, and what each point is.

37 points are enough for head orientation, jaw opening and drawing, at a twelfth of the mesh's size.
Groups run from the person's own right to their left (left to right in the picture of somebody facing the camera).
"""

CONTOUR = (234, 58, 150, 148, 152, 377, 379, 288, 454)  # right temple, along the jaw, chin in the middle, left temple
FOREHEAD = (54, 10, 284)
BROWS = (70, 105, 107, 336, 334, 300)
RIGHT_EYE = (33, 159, 133, 145)  # outer corner, upper lid, inner corner, lower lid
LEFT_EYE = (362, 386, 263, 374)  # inner corner, upper lid, outer corner, lower lid
NOSE = (168, 1, 2)  # bridge, tip, base
OUTER_LIPS = (61, 0, 291, 17)  # right corner, top, left corner, bottom
INNER_LIPS = (78, 13, 308, 14)

FACE_POINTS: tuple[int, ...] = CONTOUR + FOREHEAD + BROWS + RIGHT_EYE + LEFT_EYE + NOSE + OUTER_LIPS + INNER_LIPS
"""Mesh index of every kept point: column ``k`` of ``Landmarks.face_xy`` is mesh point ``FACE_POINTS[k]``."""

COLUMN: dict[int, int] = {mesh_index: column for column, mesh_index in enumerate(FACE_POINTS)}
"""Column of a mesh point in ``Landmarks.face_xy``."""

SYMMETRIC_PAIRS: tuple[tuple[int, int], ...] = (
    (234, 454), (58, 288), (54, 284), (70, 300), (105, 334), (33, 263), (133, 362), (61, 291),
)  # fmt: skip
"""(right, left) mesh points that mirror each other: their differences span the head's left-right axis."""
