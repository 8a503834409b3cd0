"""`tango …`: arguments in, one line or a table out, an exit code. A line belongs here when it is about the terminal;
what it does stands in `flows`. Imported by benchmarks; `server/worker.py` starts it by name."""
