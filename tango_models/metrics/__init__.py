"""How good a motion is, told from the motion and the speech alone. Imported by benchmarks."""
