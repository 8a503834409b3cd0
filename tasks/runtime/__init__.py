"""What runs a stage: the contract, what it may read, which units are wanted and current, workers and their cluster, and
how faults are told. Knows stages by name only. Imported by stages, views, training jobs, flows, commands and
benchmarks."""
