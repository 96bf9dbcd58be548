"""Commands that are long; the command line stands in cli.py."""
