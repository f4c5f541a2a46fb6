"""Manifests for package managers that download the archives of a release, and release.sha256.

A template in packaging/templates/ contains {{names}}. One that needs the checksum of an archive that
was not made is left out.
"""

import re

from . import platforms, sums

NAME = r"\{\{(.+?)\}\}"


def make(about, dist):
    values = {
        "version": about.version,
        "description": about.description,
        "license": about.license,
        "homepage": about.homepage,
        "owner": about.repository.split("/")[0],
    }
    for platform in platforms.ALL:
        suffix = "zip" if platform.system == "windows" else "tar.gz"
        archive = dist / f"jettison-{about.version}-{platform.name}.{suffix}"
        if archive.is_file():
            values[f"url {platform.name}"] = about.download(archive.name)
            values[f"sha256 {platform.name}"] = sums.digest(archive)
    made = [_release_sums(about, dist)]
    templates = about.root / "packaging/templates"
    for group in sorted(templates.iterdir()):
        # The files of a directory belong together.
        files = sorted(group.iterdir()) if group.is_dir() else [group]
        texts = {path.relative_to(templates): path.read_text(encoding="utf-8") for path in files}
        missing = sorted(set(re.findall(NAME, "".join(texts.values()))) - set(values))
        if missing:
            print(f"no manifests/{group.name}: there is no {', '.join(missing)}")
            continue
        for name, text in texts.items():
            path = dist / "manifests" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(re.sub(NAME, lambda name: values[name[1]], text), encoding="utf-8")
            made.append(path)
    return made


def _release_sums(about, dist):
    """The file release.sha256 of the repository, with the archives that the Action can use."""
    comment = [line for line in about.text("release.sha256").splitlines() if line.startswith("#")]
    sums_of_all = (dist / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    path = dist / "release.sha256"
    path.write_text("\n".join(comment + [line for line in sums_of_all if line.endswith(".tar.gz")]) + "\n",
                    encoding="utf-8")
    return path
