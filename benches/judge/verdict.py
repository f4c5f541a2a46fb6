"""The verdict about a result: whether it is broken, and why."""

import difflib
import re
import shlex
import subprocess

from . import lists, traces
from .root import Needed, Root
from .steps import Dockerfile, Run, Unreadable

# The largest number of commands that are made to fail in a group of steps.
MOST_FAULTS = 25
BASH_IS_SH = re.compile(
    r"(^|/)(fedora|centos|rockylinux|almalinux|oraclelinux|amazonlinux|ubi\d*|rhel\d*|archlinux)\b|/ubi"
)
# Official images on Debian or Ubuntu. Their dash (up to 0.5.12) has no `pipefail`.
DASH_IS_SH = re.compile(
    r"^(docker\.io/)?(library/)?"
    r"(debian|ubuntu|python|node|ruby|golang|php|rust|perl|gcc|buildpack-deps|httpd|nginx|redis|postgres)(:|@|$)"
)
# Official images have no slash in their names; no user called `nonroot`, for example, is in them.
OFFICIAL = re.compile(r"^(docker\.io/library/)?[^/?]+$")
KNOWN_USERS = {"root", "nobody", "daemon", "www-data", "bin", "mail", "node", "postgres", "redis", "nginx", "mysql"}
WITHOUT_BASH = re.compile(r"(^|/)(alpine|busybox)(:|@|$)|[:-]alpine")
SHELL_CHARACTERS = re.compile(r"[$&|;<>*?`~(){}]")


class Verdict:
    """`kind` is empty if the result is not broken. `remarks` are listed apart."""

    def __init__(self):
        self.kind, self.reason, self.remarks, self.notes = "", "", set(), []

    def broken(self, kind, reason):
        if not self.kind:
            self.kind, self.reason = kind, reason

    def remark(self, name, note):
        self.remarks.add(name)
        self.notes.append(f"{name}: {note}")

    def __str__(self):
        return "\n".join([self.kind or "sound", self.reason, *self.notes])


class Judge:
    """Compares Dockerfiles. It has a throwaway root in which it runs scripts."""

    def __init__(self):
        import dockerfile  # PyPI's package; it is not there before `--install`.

        self.parser, self.root, self.cache = dockerfile, None, {}

    def __enter__(self):
        self.root = Root()
        return self

    def __exit__(self, *_):
        self.root.close()

    def read(self, text):
        return Dockerfile(text, self.parser)

    def reads(self, text):
        try:
            self.read(text)
            return True
        except Unreadable:
            return False

    def compare(self, before, after):
        verdict = Verdict()
        old = self.read(before)
        try:
            new = self.read(after)
        except Unreadable as error:
            verdict.broken("unreadable", str(error))
            return verdict
        pairs = self.pairs(old, new, verdict)
        dangling(old, new, pairs, verdict)
        missing_now, missing_before = lists.without_index(new.stages), lists.without_index(old.stages)
        if len(missing_now) > len(missing_before):
            verdict.broken("behaviour", f"packages without an index: {missing_now}; before: {missing_before}")
        tail = "\n".join(command.original for command in new.commands if command.cmd.upper() != "RUN")
        for left, right in pairs:
            settings(left, right, verdict)
            if not verdict.kind:
                self.stage(left, right, tail, verdict)
        return verdict

    def pairs(self, old, new, verdict):
        """Pairs of the same stages. A stage that the last stage doesn't need may be missing."""
        if len(old.stages) == len(new.stages):
            return list(zip(old.stages, new.stages))
        needed, todo = set(), [old.stages[-1]]
        while todo:
            stage = todo.pop()
            if stage.number not in needed:
                needed.add(stage.number)
                todo += [old.stages[number] for number in stage.reads]
        found, free = [], list(new.stages)
        for stage in old.stages:
            last = stage is old.stages[-1]
            same = [other for other in free if other.name == stage.name and (other.name or other.image == stage.image)]
            if last:
                same = free[-1:]
            if same:
                found.append((stage, same[0]))
                free.remove(same[0])
            elif stage.number in needed:
                verdict.broken("settings", f"stage {stage.name or stage.number} is missing")
            else:
                verdict.remark("removes a stage", stage.name or str(stage.number))
        if free:
            verdict.broken("settings", f"there are other stages: {[stage.name for stage in free]}")
        return found

    def stage(self, left, right, tail, verdict):
        shell = sh(left)
        start, old, new = trimmed(left.steps, right.steps)
        matcher = difflib.SequenceMatcher(None, [step.key() for step in old], [step.key() for step in new], False)
        groups = [code for code in matcher.get_opcodes() if code[0] != "equal"]
        narrow = Verdict()
        for _, a, b, c, d in groups:
            later = "\n".join(getattr(step, "script", "") for step in new[d:] + right.steps[start + len(new) :])
            self.group(old[a:b], new[c:d], shell, tail + later, narrow)
        if narrow.kind and len(groups) > 1:
            # Repeated steps may be paired wrongly, and copies may have moved: the whole decides.
            wide = Verdict()
            later = "\n".join(getattr(step, "script", "") for step in right.steps[start + len(new) :])
            self.group(old, new, shell, tail + later, wide)
            if not wide.kind and not any(note.startswith("cut short") for note in wide.notes):
                narrow = wide
            elif wide.kind:
                narrow.reason += f"\nand as a whole: {wide.reason}"
        verdict.broken(narrow.kind, narrow.reason)
        verdict.remarks |= narrow.remarks
        verdict.notes += narrow.notes

    def group(self, old, new, shell, tail, verdict):
        """Runs the scripts of both versions: first with all commands succeeding, then with each of
        them failing in turn."""
        old_runs = [step for step in old if isinstance(step, Run)]
        new_runs = [step for step in new if isinstance(step, Run)]
        needed = Needed(old_runs + new_runs)
        before = self.root.execute(old_runs, needed, shell)
        after = self.root.execute(new_runs, needed, shell)
        if before.status == -1:
            return verdict.notes.append("a script of the original takes too long")
        if before.status == 0 and after.status != 0:
            last = after.records[-1] if after.records else "the start"
            return verdict.broken("behaviour", f"stops with status {after.status} after {last}")
        if before.status != 0 and after.status == 0:
            last = before.records[-1] if before.records else "the start"
            return verdict.broken("behaviour", f"the original stops with status {before.status} after {last}")
        if before.status != 0:
            verdict.notes.append(f"cut short after {before.records[-1] if before.records else 'the start'}")
        calls, how = traces.compare(old, new, before, after, tail)
        if calls is None:
            return verdict.broken("behaviour", how)
        lost = traces.lost_files(before, after)
        if lost:
            both = ([squeeze(run) for run in runs] for runs in (old_runs, new_runs))
            squeezed = [self.root.execute(runs, needed, shell) for runs in both]
            if traces.lost_files(*squeezed):
                return verdict.broken("behaviour", f"other files: {sorted(lost)}")
            verdict.remark("whitespace", f"in the files {sorted(lost)}")
        for left, right in calls[:MOST_FAULTS]:
            faults = [fault(before.records, left), fault(after.records, right)]
            old_trace = self.root.execute(old_runs, needed, shell, faults[0])
            new_trace = self.root.execute(new_runs, needed, shell, faults[1])
            which = f"{before.records[left]} fails"
            if old_trace.status != 0 and new_trace.status == 0:
                return verdict.broken("behaviour", f"goes on after {which}")
            if old_trace.status == 0 and new_trace.status != 0:
                verdict.remark("stricter", which)
            elif old_trace.status == 0:
                same, how = traces.compare(old, new, old_trace, new_trace, tail)
                if same is None:
                    return verdict.broken("behaviour", f"when {which}:\n{how}")
        return None


def trimmed(old, new):
    start = 0
    while start < min(len(old), len(new)) and old[start].key() == new[start].key():
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end].key() == new[-1 - end].key():
        end += 1
    return start, old[start : len(old) - end], new[start : len(new) - end]


def fault(records, at):
    key = records[at].key()
    return key, sum(record.key() == key for record in records[:at])


def squeeze(run):
    """A script with single blanks."""
    script = re.sub(r"[ \t]+", " ", run.script)
    return Run(script, run.shell, run.cwd, run.env, run.user, run.flags, run.caches)


def sh(stage):
    """The shell that is called sh in an image: `bash`, `dash`, or unknown (`None`)."""
    image_name = stage.base().image
    if BASH_IS_SH.search(image_name):
        return "bash"
    return "dash" if DASH_IS_SH.search(image_name) and "alpine" not in image_name else None


# --- names and syntax ---


def syntax_errors(stages):
    found = []
    for stage in stages:
        for step in stage.steps:
            if isinstance(step, Run):
                is_bash = step.shell[0].endswith("bash") or BASH_IS_SH.search(stage.base().image)
                shell = "bash" if is_bash else "dash"
                done = subprocess.run([shell, "-n"], input=step.script.encode(), capture_output=True, check=False)
                if done.returncode != 0:
                    found.append(f"{done.stderr.decode(errors='replace').strip()} in: {step.script}")
    return found


def dangling(old, new, pairs, verdict):
    """Names that exist in the original and not in the result, and new syntax errors of scripts."""
    stage_names = {stage.name for stage in old.stages if stage.name} | {str(stage.number) for stage in old.stages}
    defined = set(old.globals) | {name for stage in old.stages for name in stage.env}
    for kind, name, keyword in sorted(new.unknown_names - old.unknown_names):
        if kind == "stage" and (name in stage_names or name.split(":")[0].split("@")[0] in stage_names):
            verdict.broken("dangling", f"{keyword}: no stage {name}")
        if kind == "variable" and name in defined:
            verdict.broken("dangling", f"{keyword}: no variable {name}")
    before, after = syntax_errors(old.stages), syntax_errors(new.stages)
    if len(after) > len(before):
        verdict.broken("dangling", next(error for error in after if error not in before))
    for left, right in pairs:
        shells = {step.shell[0] for step in left.steps if isinstance(step, Run)}
        for step in right.steps:
            if isinstance(step, Run) and step.shell[0].endswith("bash") and step.shell[0] not in shells:
                earlier = "".join(getattr(other, "script", "") for other in right.steps[: right.steps.index(step)])
                if WITHOUT_BASH.search(right.base().image) and "bash" not in earlier:
                    verdict.broken("dangling", f"{right.base().image} has no {step.shell[0]}")


# --- settings ---


def command(setting):
    """The words of CMD or ENTRYPOINT, the same for both forms; a shell's own syntax stays a text."""
    if setting is None:
        return None
    is_json, words = setting
    if is_json:
        if len(words) == 3 and words[0].rsplit("/", 1)[-1] in ("sh", "bash") and re.fullmatch(r"-\w*c", words[1]):
            return command((False, (words[2],)))
        return tuple(words)
    text = " ".join(words)
    if SHELL_CHARACTERS.search(text):
        return re.sub(r"\s+", " ", text.removeprefix("exec ")).strip()
    try:
        found = shlex.split(text)
    except ValueError:
        return text
    return tuple(found[1:] if found[:1] == ["exec"] else found)


def image(name):
    name = re.sub(r"^(index\.)?docker\.io/(library/)?", "", name)
    name, _, digest = name.partition("@")
    repository, colon, tag = name.rpartition(":")
    return (repository, tag, digest) if colon and "/" not in tag else (name, "", digest)


def scripts(stage):
    """The scripts of a stage and of the stages that it is built from."""
    return stage.steps + (scripts(stage.parent) if stage.parent else [])


def same_image(old, new):
    """Whether an image is the same, or a version was added to one that had none."""
    left, right = image(old.image), image(new.image)
    return left[0] == right[0] and left[1] in ("", "latest", right[1]) and left[2] in ("", right[2])


def settings(old, new, verdict):
    """What a stage ends with. Additions are remarks."""
    where = f"stage {old.name or old.number}"
    if (old.parent is None) != (new.parent is None):
        verdict.broken("settings", f"{where}: FROM {old.image} became {new.image}")
    elif old.parent is None and not same_image(old, new):
        verdict.remark("other base", f"{where}: FROM {old.image} became {new.image}")
    if old.platform != new.platform and "TARGETPLATFORM" not in old.platform:
        verdict.broken("settings", f"{where}: the platform {old.platform} became {new.platform}")
    for title, left, right in (
        ("EXPOSE", old.ports, new.ports),
        ("VOLUME", old.volumes, new.volumes),
        ("ENV", plain(old.single.get("env", {})), plain(new.single.get("env", {}))),
        ("LABEL", plain(old.labels), plain(new.labels)),
    ):
        if left - right:
            verdict.broken("settings", f"{where}: {title} {sorted(left - right)} is lost; new: {sorted(right - left)}")
        elif right - left and title != "LABEL":
            verdict.remark("adds", f"{where}: {title} {sorted(right - left)}")
    for keyword in ("CMD", "ENTRYPOINT"):
        left, right = command(old.single.get(keyword)), command(new.single.get(keyword))
        if left is not None and left != right:
            verdict.broken("settings", f"{where}: {keyword} {left} became {right}")
        elif left != right:
            verdict.remark("adds", f"{where}: {keyword}")
    for keyword in ("HEALTHCHECK", "STOPSIGNAL"):
        left, right = old.single.get(keyword), new.single.get(keyword)
        if left != right and left is not None:
            if keyword != "HEALTHCHECK" or right is None or " ".join(left[1]).split() != " ".join(right[1]).split():
                verdict.broken("settings", f"{where}: {keyword} {left} became {right}")
        elif left != right:
            verdict.remark("adds", f"{where}: {keyword} {right}")
    if old.user != new.user:
        name = new.user.split(":")[0]
        is_created = any(name in getattr(step, "script", "") for step in scripts(new))
        is_created = is_created or name in KNOWN_USERS or name.isdigit()
        if OFFICIAL.search(new.base().image) and not is_created:
            verdict.broken("dangling", f"{where}: no user {name}")
        elif old.user == "root":
            verdict.remark("adds", f"{where}: USER {new.user}")
        else:
            verdict.broken("settings", f"{where}: USER {old.user} became {new.user}")
    if old.cwd != new.cwd:
        verdict.broken("settings", f"{where}: WORKDIR {old.cwd} became {new.cwd}")
    if old.onbuild != new.onbuild:
        verdict.broken("settings", f"{where}: ONBUILD {old.onbuild} became {new.onbuild}")


def plain(settings):
    return {(" ".join(name.split()), " ".join(value.split())) for name, value in settings.items()}
