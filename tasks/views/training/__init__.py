"""Footage and speech out of the catalog as models are trained on and judged by."""
