"""The motion graph: what of two clips is compared, what a jump costs, which jumps there are, how often a clip may be
shown; and a path asked for again without jumps that were seen. Finding a path through it stands in `search`, what a
clip costs at a moment of the speech in `scoring`. Imported by the stages of clips, edges and paths, their views, the
render's flow and what is asked before it, and benchmarks."""
