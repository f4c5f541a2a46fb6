"""The health check reads a file that only the full image has, and whose name no file has."""

import pathlib
import sys

parts = ["core", "templates", "description"]
text = pathlib.Path("/usr/share", "git-" + "/".join(parts)).read_text()
sys.exit(0 if "repository" in text else 1)
