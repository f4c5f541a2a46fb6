"""Judges whether a rewritten Dockerfile still does what the original does, by the same rules for
every tool. docs/compare.md describes the rules."""
