"""What a person looks at: the page that explains one render, strips of seams, skeletons over pictures. Imported by the
render stage and the fit's stage."""
