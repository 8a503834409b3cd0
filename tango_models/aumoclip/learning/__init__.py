"""Training AuMoCLIP and judging it: recordings, batches, losses, the loop, retrieval figures, the baseline to beat.
What runs when the trained model embeds stands one floor down, in `aumoclip`. Imported by the training job, its views,
and the flows that train and judge."""
