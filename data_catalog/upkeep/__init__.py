"""What is kept of a catalog, and what is dropped: tags, tables within bytes, speeches, a person's footage for good.
A line belongs here when it decides which rows or versions go, or stay. Only flows and commands import it."""
