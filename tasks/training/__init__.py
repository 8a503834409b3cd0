"""Training jobs on a Ray cluster, from the catalog's footage. What is the same for all of them is in
`runtime/ray_training.py`."""
