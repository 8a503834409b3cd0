"""How good what was made is, as figures: gestures beside the speech's onsets, lips beside its sound, and how visible a
seam is in the pictures. A line belongs here when it judges a result, whatever made it; beside the truth it is judged in
`truth`. Imported by what chooses by such a figure (the graph's prices, `auto`), by lips, renders, evaluations and
benchmarks."""
