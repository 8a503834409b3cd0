"""Many avatars in one run: which videos are in work at a time, in which order, and what is said of them. A line belongs
here when it is about a run over several videos. Imported by the flows and the commands."""
