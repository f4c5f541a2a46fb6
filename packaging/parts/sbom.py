"""A software bill of materials: the crates in the programs, in CycloneDX's format.

The specification: https://cyclonedx.org/docs/1.5/json/.
"""

import datetime
import json
import uuid

from .project import metadata

PROGRAMS = ["jettison", "jettison-trace"]


def make(about, builds, dist):
    packages, needs = {}, {}
    for build in builds:
        resolved = metadata(about.root, "--filter-platform", build.platform.target)
        packages.update((package["id"], package) for package in resolved["packages"])
        _add_linked(packages, resolved["resolve"]["nodes"], needs)
    references = {name: _reference(packages[name]) for name in needs}
    main = next(name for name in needs if packages[name]["name"] == about.name)
    others = sorted((name for name in needs if name != main), key=references.get)
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, about.download('sbom'))}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(about.time, datetime.timezone.utc).isoformat(),
            "component": {"type": "application", **_component(packages[main])},
        },
        "components": [{"type": "library", **_component(packages[name])} for name in others],
        "dependencies": [
            {"ref": references[name], "dependsOn": sorted(references[other] for other in needs[name])}
            for name in [main, *others]
        ],
    }
    path = dist / f"jettison-{about.version}.cdx.json"
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return [path]


def _add_linked(packages, nodes, needs):
    """Adds the crates that the programs are linked with, and what each of them needs."""
    nodes = {node["id"]: node for node in nodes}
    left = [name for name in nodes if packages[name]["name"] in PROGRAMS and packages[name]["source"] is None]
    seen = set()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        # `kind` is null for dependencies that are linked; others only build or test.
        linked = [dependency["pkg"] for dependency in nodes[name]["deps"]
                  if any(kind["kind"] is None for kind in dependency["dep_kinds"])]
        needs.setdefault(name, set()).update(linked)
        left += linked


def _reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def _component(package):
    reference = _reference(package)
    component = {"bom-ref": reference, "name": package["name"], "version": package["version"], "purl": reference}
    if package["license"]:
        # An old way to write OR.
        component["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    return component
