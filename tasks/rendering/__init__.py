"""What goes into a rendered video besides the path: its pictures in order, its motion, its report, where the files lie.
Imported by the render stage, the reenactment and what is asked before it, and benchmarks."""
