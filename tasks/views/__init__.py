"""What several stages read out of the catalog, as arrays and objects of the models, and under which keys. A line
belongs here when a second stage would have to write it again. Knows no stage. Imported by stages, flows and
benchmarks."""
