"""Baseball: who gets a hit today, and what to do about it."""
