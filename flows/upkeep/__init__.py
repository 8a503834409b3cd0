"""What is done to a catalog besides filling it: doing over, tidying up. A line belongs here when it decides which units
are put back or away. Imported by the deployed flows and the commands."""
