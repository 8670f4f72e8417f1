"""Files that go into exported folders as they are: scripts, and templates of their cards."""
