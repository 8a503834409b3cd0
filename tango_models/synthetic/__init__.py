"""A speaker that nobody is: drawn, moved and voiced by rule, with everything about it known exactly. For the demo, for
tests, benchmarks and training data; no stage imports it."""
