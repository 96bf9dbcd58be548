"""Published experiments as data: preparations, arms, readouts, checks, and what runs them."""
