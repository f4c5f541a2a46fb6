"""A Debian package, made by dpkg-deb. Elsewhere than on Debian and its derivatives, there is none."""

import gzip
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from .project import run


def make(about, build, extras, dist):
    architecture = build.platform.debian
    if architecture is None:
        return []
    if shutil.which("dpkg-deb") is None:
        print("no Debian package: dpkg-deb is not installed")
        return []
    documents = "usr/share/doc/jettison"
    completions = {
        "jettison.bash": "bash-completion/completions/jettison",
        "_jettison": "zsh/vendor-completions/_jettison",
        "jettison.fish": "fish/vendor_completions.d/jettison.fish",
    }
    programs = {f"usr/bin/{name}": data for name, data in build.programs.items()}
    files = {
        **programs,
        "usr/share/man/man1/jettison.1.gz": gzip.compress(extras["man/jettison.1"], mtime=0),
        f"{documents}/copyright": _copyright(about).encode(),
        f"{documents}/changelog.gz": gzip.compress(about.text("CHANGELOG.md").encode(), mtime=0),
        **{f"usr/share/{to}": extras[f"completions/{name}"] for name, to in completions.items()},
    }
    sums = "".join(f"{hashlib.md5(data).hexdigest()}  {path}\n" for path, data in sorted(files.items()))
    size = sum(len(data) for data in files.values()) // 1024
    control = {"DEBIAN/control": _control(about, build, size).encode(), "DEBIAN/md5sums": sums.encode()}
    path = dist / f"jettison_{about.version}_{architecture}.deb"
    with tempfile.TemporaryDirectory() as directory:
        for name, data in {**files, **control}.items():
            file = Path(directory, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            file.chmod(0o755 if name in programs else 0o644)
        # dpkg-deb writes the modes of directories, which otherwise depend on the umask.
        for parent, _, _ in os.walk(directory):
            os.chmod(parent, 0o755)
        run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", directory, path],
            env={**os.environ, "SOURCE_DATE_EPOCH": str(about.time)})
    return [path]


def _control(about, build, size):
    depends = "" if build.needs.is_static else f"Depends: libc6 (>= 2.{build.needs.glibc})"
    if depends:
        depends += ", libgcc-s1\n" if build.needs.libgcc else "\n"
    return f"""\
Package: jettison
Version: {about.version}
Architecture: {build.platform.debian}
Maintainer: Jettison <{about.homepage}>
Installed-Size: {size}
{depends}Suggests: docker-cli | docker.io | docker-ce-cli | podman, git
Section: devel
Priority: optional
Homepage: {about.homepage}
Description: {about.description.split(",")[0]}
 Jettison rewrites Dockerfiles so that images get smaller and rebuilds get
 faster, without changing what the images do. It prints a diff, rewrites the
 files, or opens a pull request. With a container engine, it builds both
 versions and compares them.
"""


def _copyright(about):
    def paragraphs(text):
        return "".join(f" {line}\n" if line.strip() else " .\n" for line in text.splitlines())

    return f"""\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Jettison
Source: {about.homepage}

Files: *
Copyright: the Jettison contributors
License: MIT or Apache-2.0

License: MIT
{paragraphs(about.text("LICENSE-MIT"))}
License: Apache-2.0
 On Debian systems, /usr/share/common-licenses/Apache-2.0 has the complete text.
"""
