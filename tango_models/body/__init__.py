"""The SMPL-X body: its file, skeleton, rotations, cameras, motion files, and the numbers per frame that all else
compares. How a body is found in a picture stands in `body/fit`. Imported by whatever handles motion."""
