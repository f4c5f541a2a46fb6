"""The programs: how they are compiled, and where the other parts find them.

`jettison` needs no other file. `jettison-trace` runs in containers, so it is always a Linux program:
the packages for macOS and Windows contain the one for Linux on the same processor.
"""

import os
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

from . import platforms
from .project import Failed, cargo, run


@dataclass(frozen=True)
class Build:
    """The programs for one platform."""

    platform: platforms.Platform
    # By file name.
    programs: dict
    # Whether `jettison` runs on this system with every C library.
    is_portable: bool


def compile_for(about, platform, profile, dist):
    """Builds the programs into DIST/binaries/PLATFORM."""
    target, flags = _target(platform)
    # No path of this machine in the programs.
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    flags += [f"--remap-path-prefix={home / 'registry/src'}=/registry", f"--remap-path-prefix={about.root}=/jettison"]
    packages = ["jettison", "jettison-trace"] if platform.is_linux else ["jettison"]
    command = [cargo(), "build", "--locked", "--profile", profile, "--target", target]
    for package in packages:
        command += ["--package", package, "--bin", package]
    run(command, cwd=about.root, env={**os.environ, "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags)})
    directory = dist / "binaries" / platform.name
    directory.mkdir(parents=True, exist_ok=True)
    base = Path(os.environ.get("CARGO_TARGET_DIR", about.root / "target"))
    folder = {"dev": "debug"}.get(profile, profile)
    for package in packages:
        shutil.copy2(base / target / folder / f"{package}{platform.suffix}", directory)


def _target(platform):
    """Rust's target and the flags for a program without dynamic dependencies.

    Where rustup has no musl target, a Linux program is linked with glibc's static library.
    """
    targets = [(platform.target, ["-Ctarget-feature=+crt-static"] if platform.system != "darwin" else [])]
    if platform.is_linux:
        targets.append((platform.target.replace("musl", "gnu"), ["-Ctarget-feature=+crt-static"]))
    rustc = os.environ.get("RUSTC", "rustc")
    for target, flags in targets:
        if Path(run([rustc, "--print", "target-libdir", "--target", target], text=True).strip()).is_dir():
            return target, flags
    raise Failed(f"the standard library for {platform.target} is missing: rustup target add {platform.target}")


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
        is_portable = not platform.is_linux or _is_static(programs["jettison"])
        builds.append(Build(platform, programs, is_portable))
    if not builds:
        raise Failed(f"{dist / 'binaries'} contains no programs; run packaging/build compile first")
    return builds


def _is_static(program):
    """Whether a 64-bit ELF file names no dynamic loader (man 5 elf: PT_INTERP)."""
    if program[:5] != b"\x7fELF\x02":
        raise Failed("a program for Linux is not a 64-bit ELF file")
    (offset,) = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    kinds = (struct.unpack_from("<I", program, offset + index * size)[0] for index in range(count))
    return 3 not in kinds


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
