"""Packages for npm: one with a small launcher, and one with the programs for each platform.

npm installs only the package for its platform, as an optional dependency. The name `jettison` belongs
to another project there.
"""

import json

from .archive import tar_gz_of

NAME = "jettison-cli"


def make(about, builds, dist):
    shared = {
        "version": about.version,
        "description": about.description,
        "license": f"({about.license})",
        "homepage": about.homepage,
        "repository": {"type": "git", "url": f"git+{about.homepage}.git"},
    }
    made, names = [], []
    for build in builds:
        system, processor = build.platform.npm
        name = f"{NAME}-{system}-{processor}"
        names.append(name)
        description = f"The programs of {NAME} for {system} on {processor}"
        package = {"name": name, **shared, "description": description, "os": [system], "cpu": [processor]}
        # The launcher starts a program by its path.
        package["preferUnplugged"] = True
        files = {f"bin/{path}": data for path, data in build.programs.items()}
        made.append(_pack(about, package, files, set(files), dist))
    package = {
        "name": NAME,
        **shared,
        "keywords": about.keywords,
        "bin": {"jettison": "jettison.js"},
        "engines": {"node": ">=16"},
        "optionalDependencies": dict.fromkeys(names, about.version),
    }
    launcher = {"jettison.js": (about.root / "packaging/npm/jettison.js").read_bytes()}
    return [*made, _pack(about, package, launcher, set(launcher), dist)]


def _pack(about, package, files, programs, dist):
    everything = {**files, **about.documents, "package.json": json.dumps(package, indent=2).encode() + b"\n"}
    everything = {f"package/{path}": data for path, data in everything.items()}
    path = dist / f"{package['name']}-{about.version}.tgz"
    path.write_bytes(tar_gz_of(everything, {f"package/{path}" for path in programs}, about.time))
    return path
