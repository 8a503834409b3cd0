"""Training jobs on a Ray cluster, from the catalog's footage: one file for each network. What is the same for all of
them is in `job` and in `runtime/cluster/ray_training.py`. Imported by flows, commands and benchmarks."""
