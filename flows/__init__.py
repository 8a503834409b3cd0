"""What people run and schedule, and what they are told of it. A flow reads like a table of contents: it says which
stages run for what, and knows no model. A line belongs here when it decides *what* is done and again, or words the
answer. Imported by the commands, Prefect's workers and benchmarks only."""
