"""Checksums: of all files of a release, and of those that the GitHub Action downloads."""

import hashlib


def write(made, dist):
    lines = [f"{digest(path)}  {path.name}\n" for path in sorted(made)]
    (dist / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
