"""What the commands do, a module each, loaded when a command is given; how they are called stands in cli.py.

What is slow to load or belongs to an extra is imported where it is needed, so that a mistake is told at once.
"""
