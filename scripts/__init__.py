"""Programs around the repository: what the Makefile runs."""
