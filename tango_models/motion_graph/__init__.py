"""The motion graph: clips as nodes, admissible jumps as edges, and the exact search for a path through it."""
