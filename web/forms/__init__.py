"""Forms: what was typed, kept as typed, and what was wrong with it."""
