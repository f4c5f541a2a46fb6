"""Archives of the programs, with the manual page and completions: what a release offers for download.

`action.sh` depends on their names and on the directory at the top.
"""

import gzip
import io
import tarfile
import time
import zipfile


def make(about, build, extras, dist):
    name = f"jettison-{about.version}-{build.platform.name}"
    files = {**build.programs, **about.documents, "CHANGELOG.md": about.text("CHANGELOG.md").encode(), **extras}
    files = {f"{name}/{path}": data for path, data in files.items()}
    programs = {f"{name}/{path}" for path in build.programs}
    if build.platform.system == "windows":
        path = dist / f"{name}.zip"
        path.write_bytes(zip_of(files, programs, about.time))
    else:
        path = dist / f"{name}.tar.gz"
        path.write_bytes(tar_gz_of(files, programs, about.time))
    return [path]


def tar_gz_of(files, programs, when):
    """A tar archive in which only `programs` are executable. Equal files give equal bytes."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime = len(files[path]), when
            entry.mode = 0o755 if path in programs else 0o644
            archive.addfile(entry, io.BytesIO(files[path]))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as stream:
        stream.write(plain.getvalue())
    return packed.getvalue()


def zip_of(files, programs, when):
    """The same as a zip archive, in the order of `files`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, time.gmtime(max(when, 315532800))[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            # The upper half is the mode on Unix, where pip looks.
            entry.external_attr = (0o100755 if path in programs else 0o100644) << 16
            entry.create_system = 3
            archive.writestr(entry, data)
    return packed.getvalue()
