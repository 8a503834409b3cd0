"""Where things lie: the catalog's own URI, files at URIs outside of the tables, and what is said of stores that cannot
be used. Imports of the catalog its faults alone."""
