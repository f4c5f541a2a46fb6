"""A wheel for PyPI: the programs in the scripts of a package without Python code.

The format: https://packaging.python.org/specifications/binary-distribution-format/. maturin can
make such a wheel too, but only from a program that it compiles itself, and of one crate.
"""

import base64
import hashlib

from .archive import zip_of


def make(about, build, dist):
    stem = f"jettison-{about.version}"
    tags = _tags(build)
    programs = {f"{stem}.data/scripts/{name}": data for name, data in build.programs.items()}
    information = f"{stem}.dist-info"
    files = {
        **programs,
        f"{information}/METADATA": _metadata(about).encode(),
        f"{information}/WHEEL": _wheel(tags).encode(),
        f"{information}/licenses/LICENSE-APACHE": about.documents["LICENSE-APACHE"],
        f"{information}/licenses/LICENSE-MIT": about.documents["LICENSE-MIT"],
    }
    record = f"{information}/RECORD"
    files[record] = "".join(f"{path},{_digest(data)},{len(data)}\n" for path, data in files.items()).encode()
    files[record] += f"{record},,\n".encode()
    path = dist / f"{stem}-py3-none-{tags}.whl"
    path.write_bytes(zip_of(files, set(programs), about.time))
    return [path]


def _tags(build):
    """Where pip may install the program."""
    needs, machine = build.needs, build.platform.machine
    if needs is None or (needs.is_static and not needs.is_tied):
        return build.platform.wheel
    if needs.is_tied:
        # PyPI refuses this tag: such a wheel is for systems like this one.
        return f"linux_{machine}"
    return f"manylinux_2_{max(needs.glibc, 17)}_{machine}"


def _digest(data):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _wheel(tags):
    lines = ["Wheel-Version: 1.0", "Generator: packaging/build", "Root-Is-Purelib: false"]
    return "\n".join(lines + [f"Tag: py3-none-{tag}" for tag in tags.split(".")]) + "\n"


def _metadata(about):
    return f"""\
Metadata-Version: 2.4
Name: {about.name}
Version: {about.version}
Summary: {about.description}
Keywords: {",".join(about.keywords)}
License-Expression: {about.license}
License-File: LICENSE-APACHE
License-File: LICENSE-MIT
Requires-Python: >=3.7
Project-URL: Homepage, {about.homepage}
Project-URL: Changelog, {about.homepage}/blob/v{about.version}/CHANGELOG.md
Description-Content-Type: text/markdown

{about.text("README.md")}"""
