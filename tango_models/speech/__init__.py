"""What is heard: voice activity, energy and onsets of speech on the 30 fps grid of the video."""
