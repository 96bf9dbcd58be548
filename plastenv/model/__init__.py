"""The whole patient on its calendar: the only place where circuit and molecules meet."""
