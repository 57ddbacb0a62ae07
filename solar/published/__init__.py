"""Getting published files."""
