"""What a camera sees of a speaker: body, hand and face landmarks and the person's outline, frame by frame.

The network (MediaPipe Holistic) stays behind :class:`~tango_models.perception.detector.HolisticDetector`;
everything after it reads :class:`~tango_models.perception.landmarks.Landmarks`, so another detector can take its place.
A line belongs here when it finds or compares something in a picture, whatever is made of it. Imported by whatever looks
at a picture: the fit, the lips, the graph's pictures, reports, the stages and views of these, and benchmarks.
"""

from tango_models.perception.detector import HolisticDetector
from tango_models.perception.landmarks import Landmarks

__all__ = ["HolisticDetector", "Landmarks"]
