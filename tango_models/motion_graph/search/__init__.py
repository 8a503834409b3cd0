"""The path of least cost through a graph, and the limits it keeps: uses of a clip, number of jumps, repeats. Costs come
in as rows of numbers: no scorer is known here. Imported by the path's stage, `seen_jumps` and benchmarks."""
