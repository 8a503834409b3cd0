"""What showing a clip at a moment of the speech costs (`slot_cost`: silence, beats, lips, embedding), and the scorers
that weigh it. Knows no search. Imported by the path's stage and its views, the render's flow and what is asked before
it, AuMoCLIP's baseline, and benchmarks."""
