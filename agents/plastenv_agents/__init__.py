"""Agents for plastenv. plastenv itself never imports this package."""
