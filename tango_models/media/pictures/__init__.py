"""The moving picture of a file: decoded on the file's clock, upright and in SDR BT.709, at a constant 30 fps; and what
is seen while it passes: repeats, when each picture was taken, cuts. A line belongs here when it is about pixels or
their times. Knows nothing of sound. Imported by the rest of `media`, the stages of frames and clips, and whatever else
opens a video, or asks for its times."""
