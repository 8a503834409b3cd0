"""ACInterp: the frames of a seam by diffusion, and by a one-step refiner.

TANGO (Liu et al., arXiv 2410.04221) names the model and shows its parts, but neither code nor weights of it were ever
published. What stands here follows the paper where it is certain (AnimateAnyone with a reference motion module, start
and end frames as temporal priors, and a homography background flow) and says so where it had to be filled in. The
networks are those of `diffusers` and `transformers`; importing this room's networks takes seconds, so whoever may not
need them imports them inside a function. Imported by `interpolators.py`, the views of training footage, the command
that imports published weights, and benchmarks.
"""
