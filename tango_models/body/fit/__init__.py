"""From landmarks to a body's pose: cleaning, a subject (shape, camera, scale) per video, first guesses, targets, the
optimiser in windows, limits of joints, confidence. A line belongs here when it decides how a pose is fitted; how far a
joint may turn stands in `joint_limits`. Imported by the fit's stage and pictures, the looks of a video, the notes on
it, and benchmarks."""
