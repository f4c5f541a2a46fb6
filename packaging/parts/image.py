"""The build context of packaging/image/Dockerfile: the programs for each architecture."""

import shutil


def prepare(build, dist):
    if build.platform.docker is None:
        return
    if not build.needs.is_static:
        print(f"the image `minimal` for {build.platform.docker} will not start: it needs a static program")
    directory = dist / "image" / build.platform.docker
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name, data in build.programs.items():
        (directory / name).write_bytes(data)
        (directory / name).chmod(0o755)
