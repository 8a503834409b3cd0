"""A path out of the catalog, laid out in time: which frame is shown when, its seams and what lies around them, what is
made for them, and its lips."""
