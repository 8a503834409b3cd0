"""The pipeline: one file per stage, rows in → model → rows out, and the training of models. `ls tasks` is the list of
what is done to a video and to a speech. A line belongs in a stage when it turns rows it declares to read into rows it
owns. Stages know no other stage. Imported by name, through `runtime/registry.py`, and by the settings."""
