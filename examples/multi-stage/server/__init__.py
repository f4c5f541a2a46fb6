"""The server of the recipe book."""
