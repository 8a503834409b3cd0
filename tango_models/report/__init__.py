"""The page that explains one render: path, energies, seams, figures, settings."""
