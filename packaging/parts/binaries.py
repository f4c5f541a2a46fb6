"""The programs: how they are compiled, and where the other parts find them.

`jettison` needs no other file. `jettison-trace` runs in containers, so it is always a Linux program:
the packages for macOS and Windows contain the one for Linux on the same processor.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from . import elf, platforms
from .project import Failed, cargo, run


@dataclass(frozen=True)
class Build:
    """The programs for one platform."""

    platform: platforms.Platform
    # By file name.
    programs: dict
    # What `jettison` needs of a Linux system.
    needs: Optional[elf.Needs]


def compile_for(about, platform, profile, dist):
    """Builds the programs into DIST/binaries/PLATFORM."""
    directory = dist / "binaries" / platform.name
    directory.mkdir(parents=True, exist_ok=True)
    base = Path(os.environ.get("CARGO_TARGET_DIR", about.root / "target"))
    folder = {"dev": "debug"}.get(profile, profile)
    # No path of this machine in the programs.
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    remapped = [f"--remap-path-prefix={home / 'registry/src'}=/registry", f"--remap-path-prefix={about.root}=/jettison"]
    for package in ["jettison", "jettison-trace"] if platform.is_linux else ["jettison"]:
        verb, target, flags = _way(platform, package)
        flags = "\x1f".join(flags + remapped)
        command = [cargo(), verb, "--locked", "--profile", profile, "--target", target]
        command += ["--package", package, "--bin", package]
        run(command, cwd=about.root, env={**os.environ, "CARGO_ENCODED_RUSTFLAGS": flags})
        # cargo-zigbuild adds the version of glibc to the target.
        shutil.copy2(base / target.split(".")[0] / folder / f"{package}{platform.suffix}", directory)


def _way(platform, package):
    """cargo's command, the target, and rustc's flags.

    Where rustup has no musl target, cargo-zigbuild links a Linux program with an old glibc. The last
    resort is a static glibc, which is fine for `jettison-trace`: it looks up no names.
    """
    static = [] if platform.system == "darwin" else ["-Ctarget-feature=+crt-static"]
    if _has_library(platform.target):
        return "build", platform.target, static
    other = platform.target.replace("musl", "gnu")
    if not _has_library(other):
        raise Failed(f"the standard library for {platform.target} is missing: rustup target add {platform.target}")
    if package == "jettison":
        if shutil.which("cargo-zigbuild"):
            return "zigbuild", f"{other}.2.17", []
        print(f"no musl: rustup target add {platform.target}, or install cargo-zigbuild from PyPI, for a program that"
              " also looks up names on systems with another glibc (`jettison pr`)")
    return "build", other, static


def _has_library(target):
    rustc = os.environ.get("RUSTC", "rustc")
    return Path(run([rustc, "--print", "target-libdir", "--target", target], text=True).strip()).is_dir()


def find(dist):
    """The programs in DIST/binaries."""
    builds = []
    for platform in platforms.ALL:
        directory = dist / "binaries" / platform.name
        program = directory / f"jettison{platform.suffix}"
        if not program.is_file():
            continue
        programs = {program.name: program.read_bytes()}
        tracer = dist / "binaries" / platforms.linux_of(platform).name / "jettison-trace"
        if tracer.is_file():
            programs[tracer.name] = tracer.read_bytes()
        needs = elf.needs_of(programs["jettison"]) if platform.is_linux else None
        builds.append(Build(platform, programs, needs))
    if not builds:
        raise Failed(f"{dist / 'binaries'} contains no programs; run packaging/build compile first")
    return builds


COMPLETIONS = {
    "bash": "jettison.bash",
    "zsh": "_jettison",
    "fish": "jettison.fish",
    "powershell": "_jettison.ps1",
    "elvish": "jettison.elv",
}


def print_extras(builds, dist):
    """The manual page and the completions, which the program itself prints, by path."""
    here = platforms.this_machine()
    if not any(build.platform == here for build in builds):
        raise Failed(f"no program in {dist / 'binaries'} runs here ({here.name}), to print the manual page")
    program = dist / "binaries" / here.name / f"jettison{here.suffix}"
    # Archives of workflows lose the mode.
    program.chmod(0o755)
    extras = {"man/jettison.1": run([program, "man"])}
    for shell, name in COMPLETIONS.items():
        extras[f"completions/{name}"] = run([program, "completions", shell])
    return extras
