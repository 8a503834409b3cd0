"""Sizes of what columns hold."""

CLIP_FRAMES = 4
"""Frames in a node (TANGO, section 3: non-overlapping 4-frame clips), and in a GOP of the `frames` table."""
JOINTS = 55
REPRESENTATION = 825
"""Numbers per frame of the motion representation: 55 joints x 15."""
MASK_SIDE = 64
MASK_BYTES = MASK_SIDE * MASK_SIDE // 8
FACE_SIDE = 24
COLOURS = 216
"""Colours that pictures are counted in."""
LOOKED_AT = 12
"""Frames of a video by which its looks are told."""
FACE_POINTS = 12
"""Points of the stiff part of a face."""
PARTS = 6
"""Of the speaker, told apart by whether they were seen."""
PICTURE_SIDE = 32
MESH_POINTS = 478
"""Points of a face mesh."""
