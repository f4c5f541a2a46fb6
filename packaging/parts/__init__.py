"""The parts of `packaging/build`: one kind of package in each module."""
