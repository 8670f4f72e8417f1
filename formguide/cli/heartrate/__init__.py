"""Heart rate at the terminal: what the commands ask of this sport, and its own options."""
