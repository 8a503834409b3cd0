"""What is handed in: paths as typed, videos, folders of them. Judged here before any work, without Prefect or Ray, so
that a command that cannot work says so at once. A line belongs here when it says whether a given file may be used.
Imported by the flows and the commands."""
