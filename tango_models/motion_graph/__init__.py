"""The motion graph: what of two clips is compared, what a jump costs, which jumps there are. Finding a path through it
stands in `search`, what a clip costs at a moment of the speech in `scoring`. Imported by the stages of clips, edges and
paths, their views, and benchmarks."""
