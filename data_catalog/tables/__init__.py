"""How rows lie: what each table holds, and the Lance datasets under it, read by filter and written by the one writer.
A line belongs here when it is about rows, and about no unit, stage or person. Only the catalog writes through it."""
