"""Who the patients are and how they grew up."""
