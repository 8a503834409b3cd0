"""A video out of the catalog: its frames, its sound, landmarks and mouths, who else is in view, the canvas its pictures
are fitted into."""
