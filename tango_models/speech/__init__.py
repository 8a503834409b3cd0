"""What is heard: voice activity, words and their times, energy and onsets, on the 30 fps grid of the video. Imported by
scoring, the embedding, the lips, the stages and views that listen to speech or footage, and benchmarks."""
