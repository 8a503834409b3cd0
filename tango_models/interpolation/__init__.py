"""Making the frames around a cut: what is shown while one run of footage becomes another."""
