"""What the shop sells: a small JSON service."""
