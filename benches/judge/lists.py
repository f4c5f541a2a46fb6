"""Finds installs for which no package index is there."""

import re

COMMAND = re.compile(
    r"\b(?P<apt>apt-get|apt|aptitude)\b(?P<words>[^;&|\n]*)|\b(?P<apk>apk)\b(?P<more>[^;&|\n]*)"
    r"|\brm\b[^;&|\n]*(?P<lists>/var/lib/apt/lists|/var/lib/apt\b)"
    r"|\brm\b[^;&|\n]*(?P<index>/var/cache/apk|/var/cache/\*)"
)


def without_index(stages):
    """The number of installs with apt or apk for which no index was downloaded in the file, although
    the file downloads it elsewhere or must download it because the base image has none."""
    ends, missing = {}, []
    for stage in stages:
        state = dict(ends.get(stage.parent.number if stage.parent else None, {"apt": False, "apk": False}))
        for step in stage.steps:
            script = getattr(step, "script", None)
            if script is None:
                continue
            if any(re.search(r"target=/var/(lib/apt|cache/apk)", mount) for mount in step.caches):
                state = {"apt": state["apt"] or "update" in script, "apk": True}
                continue
            for found in COMMAND.finditer(re.sub(r"(?m)^\s*#.*$", "", script)):
                words = (found["words"] or found["more"] or "").split()
                plain = [word for word in words if not word.startswith("-")][:1]
                if found["lists"]:
                    state["apt"] = False
                elif found["index"]:
                    state["apk"] = False
                elif found["apt"]:
                    if plain == ["update"]:
                        state["apt"] = True
                    elif plain and plain[0].startswith("dist") and plain[0] != "dist-upgrade":
                        state["apt"] = False
                    elif plain in (["install"], ["build-dep"]) and not (state["apt"] or "/" in found["words"]):
                        missing.append(f"stage {stage.number}: apt-get {' '.join(words)}")
                elif found["apk"]:
                    fresh = {"--no-cache", "-U", "--update", "--update-cache"} & set(words)
                    if plain == ["update"]:
                        state["apk"] = "--no-cache" not in words
                    elif plain == ["add"] and not fresh and not state["apk"]:
                        missing.append(f"stage {stage.number}: apk {' '.join(words)}")
                    elif fresh - {"--no-cache"} and plain == ["add"]:
                        state["apk"] = True
        ends[stage.number] = state
    return missing
