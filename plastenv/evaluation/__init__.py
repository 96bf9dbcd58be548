"""Rollouts, statistics and comparisons."""
