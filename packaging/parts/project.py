"""The project as Cargo.toml describes it, and what all packages share."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


class Failed(Exception):
    """A message for the user."""


@dataclass(frozen=True)
class Project:
    """What packages say about the project."""

    root: Path
    name: str
    version: str
    description: str
    license: str
    keywords: list
    categories: list
    # OWNER/NAME on GitHub.
    repository: str
    # When the commit was made, in seconds: the time of all files, so that two runs give equal bytes.
    time: int

    @property
    def homepage(self):
        return f"https://github.com/{self.repository}"

    def download(self, file):
        """The address of a file of this version's release."""
        return f"{self.homepage}/releases/download/v{self.version}/{file}"

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8")

    @property
    def documents(self):
        """The files that every package contains."""
        return {name: (self.root / name).read_bytes() for name in ["LICENSE-APACHE", "LICENSE-MIT", "README.md"]}


def run(command, **options):
    """The standard output of a program, which must succeed."""
    try:
        return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, **options).stdout
    except FileNotFoundError:
        raise Failed(f"{command[0]} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise Failed(f"`{' '.join(map(str, command))}` failed with exit status {error.returncode}") from None


def cargo():
    """cargo, or the program that the variable CARGO names."""
    return os.environ.get("CARGO", "cargo")


def metadata(root, *options):
    """What `cargo metadata` prints."""
    return json.loads(run([cargo(), "metadata", "--format-version=1", "--locked", *options], cwd=root))


def read(root, repository):
    packages = metadata(root, "--no-deps")["packages"]
    package = next(package for package in packages if package["name"] == "jettison")
    return Project(
        root=root,
        name=package["name"],
        version=package["version"],
        description=package["description"],
        license=package["license"],
        keywords=package["keywords"],
        categories=package["categories"],
        repository=repository,
        time=_time(root),
    )


def _time(root):
    chosen = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        chosen = chosen or run(["git", "log", "-1", "--format=%ct"], cwd=root, stderr=subprocess.DEVNULL)
    except Failed:
        # Not a repository, or no git. Files in a zip archive can't be older than 1980.
        chosen = 315532800
    return int(chosen)
