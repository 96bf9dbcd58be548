"""Tasks: one data file each."""
