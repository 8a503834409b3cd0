"""What several stages read out of the catalog, as arrays and objects of the models, and under which keys. A line
belongs here when a second stage would have to write it again: one file for each subject that is read; `columns` is how
arrays become columns and back. Videos are in `footage`, paths through the motion graph in `paths`, what models are
trained on in `training`. Knows no stage. Imported by stages, flows and benchmarks."""
