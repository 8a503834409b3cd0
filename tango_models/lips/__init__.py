"""The speaker's mouth: what it does in each frame of the footage, what a speech asks of it, which real picture of it is
shown when, and how that picture gets into the frame. Imported by the stages of mouths, lips and renders, their views,
and the flows that render, or judge lips."""
