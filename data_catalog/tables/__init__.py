"""How rows lie: what each table holds, and the Lance datasets under it, read by filter and written by the one writer. A
line belongs here when it is about rows: whose they are is data here, what is done with them is said elsewhere. Only the
catalog writes through it."""
