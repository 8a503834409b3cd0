"""The settings of everything: where they come from, which names there are, and what is wrong with one. Imported by all
of `flows`."""
