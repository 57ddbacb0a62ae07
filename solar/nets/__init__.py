"""An image becomes a vector."""
