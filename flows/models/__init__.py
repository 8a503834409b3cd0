"""Training and judging the networks, as flows and behind the commands: the embedding, what makes the frames of jumps,
the lips. A line belongs here when it says what is trained or judged, on which avatars; how is said in `tasks/training`
and the models. Imported by the commands, the deployments and benchmarks."""
