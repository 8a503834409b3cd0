"""How true made frames are: some are taken out of continuous footage, or of a jump whose in-between is known, made
again from what is left, and held against what was there. Judges every interpolator alike, by
`evaluation.evaluate`. Imported by what evaluates; nothing that renders a video knows it."""
