"""The kinds of machines that there are packages for, and their names in each package format."""

import platform as host
from dataclasses import dataclass
from typing import Optional

from .project import Failed


@dataclass(frozen=True)
class Platform:
    """One kind of machine."""

    # As `uname -m` and `uname -s` print them in lower case, which `action.sh` depends on.
    machine: str
    system: str
    # Rust's name of the target.
    target: str
    # The tags of a wheel (https://packaging.python.org/specifications/platform-compatibility-tags/).
    # For a static program, which runs with every C library, old or new.
    wheel: str
    # `os` and `cpu` in package.json, which are `process.platform` and `process.arch` of Node.
    npm: tuple
    # The names of the architecture for Debian and for Docker, if there are such packages.
    debian: Optional[str] = None
    docker: Optional[str] = None

    @property
    def name(self):
        return f"{self.machine}-{self.system}"

    @property
    def suffix(self):
        return ".exe" if self.system == "windows" else ""

    @property
    def is_linux(self):
        return self.system == "linux"


ALL = [
    Platform("x86_64", "linux", "x86_64-unknown-linux-musl",
             "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
             ("linux", "x64"), "amd64", "amd64"),
    Platform("aarch64", "linux", "aarch64-unknown-linux-musl",
             "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
             ("linux", "arm64"), "arm64", "arm64"),
    Platform("x86_64", "darwin", "x86_64-apple-darwin", "macosx_10_12_x86_64", ("darwin", "x64")),
    Platform("arm64", "darwin", "aarch64-apple-darwin", "macosx_11_0_arm64", ("darwin", "arm64")),
    Platform("x86_64", "windows", "x86_64-pc-windows-msvc", "win_amd64", ("win32", "x64")),
]
BY_NAME = {platform.name: platform for platform in ALL}


def this_machine():
    machine = host.machine().lower().replace("amd64", "x86_64")
    name = f"{machine}-{host.system().lower()}"
    if name not in BY_NAME:
        raise Failed(f"there are no packages for {name}; cargo install --path . builds the program")
    return BY_NAME[name]


def linux_of(platform):
    """The Linux that containers on this platform usually have."""
    return BY_NAME[{"arm64": "aarch64"}.get(platform.machine, platform.machine) + "-linux"]
