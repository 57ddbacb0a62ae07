"""SOLAR for readers."""
