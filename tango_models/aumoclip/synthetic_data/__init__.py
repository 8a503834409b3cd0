"""Speech and gestures made up together, for the packaged AuMoCLIP to learn from without anybody's footage. Imported by
`learning`, benchmarks and tests only: no avatar is ever shown by it."""
