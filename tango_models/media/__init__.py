"""Files of pictures and sound: decoding, resampling to 30 fps by timestamp, cadence, cuts, encoding. All through PyAV:
no system ffmpeg, no shell. Imported by whatever opens or writes a file."""
