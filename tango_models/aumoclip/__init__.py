"""AuMoCLIP: speech and motion in one hierarchical space (Liu et al., TANGO, arXiv 2410.04221, section on AuMoCLIP)."""
