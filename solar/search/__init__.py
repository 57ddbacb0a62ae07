"""Vectors become a ranked list and a score."""
