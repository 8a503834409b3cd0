"""What is handed in: paths as typed, videos, folders of them. Judged here before any work, so that a command that
cannot work says so at once; and, after the stages, what a user is told of the videos (`notes`). A line belongs here
when it says whether, or how well, a given file can be used. Imported by the flows, those of `fleet` and `upkeep` too,
and the commands."""
