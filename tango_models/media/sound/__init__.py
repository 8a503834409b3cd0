"""The sound of a file: on the clock of its picture, mono at 16 kHz for analysis, and as the user gave it for the
result. A line belongs here when it is about samples or their times. Imported by the writer of videos, `speech`, the
stages that open a speech file, and whatever else opens one."""
