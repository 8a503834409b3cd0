"""Making the frames around a cut: where a seam lies, what both runs show there, and what is shown while one becomes the
other. A new way of making frames is a file and a line in `interpolators.py`. Imported by the stages of seams and
renders, their views, training, the commands, the flows that judge it through `truth`, and benchmarks."""
