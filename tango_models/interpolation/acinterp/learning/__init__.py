"""Training of ACInterp's networks on footage: windows out of takes, losses, and runs that go on after a cut. What runs
when a seam is made stands one floor down, in `acinterp`. Imported by the training job, its views and flow, and
benchmarks."""
