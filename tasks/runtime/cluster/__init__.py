"""Workers on Ray: a pool of them per stage, where there is room for each, and the cluster under them.
A line belongs here when it is about processes; what a unit reads and writes is said beside. Only `run_stage`, flows and
training ask for it."""
