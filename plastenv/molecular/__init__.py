"""Molecules, one file per mechanism family; none knows which circuit runs above it."""
