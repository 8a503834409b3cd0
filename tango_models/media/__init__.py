"""Decoding, resampling to 30 fps, encoding, audio. All through PyAV: no system ffmpeg, no shell."""
