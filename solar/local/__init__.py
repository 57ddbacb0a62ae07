"""Patches, and two photographs of one thing."""
