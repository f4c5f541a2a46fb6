"""Compares what two versions of some steps do."""

import re

from . import commands
from .steps import Copy, Opaque, Run

ARCHIVE = re.compile(r"\.(tar(\.\w+)?|tgz|tbz2?|txz|tzst)$")
REMOTE = re.compile(r"^(https?|ftp|git)://|^git@|\.git(#.*)?$")
# Variables that change no result of a command that is not interactive, or only the shell's own.
UNREAD = {"HOSTNAME", "DEBIAN_FRONTEND", "PWD", "OLDPWD", "SHLVL", "_"}


# Directories of every image.
FOLDERS = {"/", "/bin", "/etc", "/home", "/opt", "/root", "/srv", "/tmp", "/usr", "/usr/bin", "/usr/local/bin", "/var"}


class Item:
    """A command of a trace, or a step that is not a script."""

    def __init__(self, record=None, step=None, run=None, index=None, source=None):
        self.record, self.step, self.run, self.source = record, step, run, source
        # The places in the trace of the calls that this command combines.
        self.indexes = [index]
        self.words = commands.words_of(record) if record else None

    def __str__(self):
        if self.record:
            return str(self.record)
        if isinstance(self.step, Copy):
            flags = "".join(f" --{name}={value}" for name, value in self.step.flags.items())
            return f"{self.step.keyword}{flags} {self.source} {self.step.destination}"
        return self.step.text


def items(steps, trace):
    """The commands and other steps in order, as far as the scripts came."""
    result, number, at = [], 0, 0
    reached = len([step for step in steps if isinstance(step, Run)]) if trace.status == 0 else trace.done
    for step in steps:
        if isinstance(step, Run):
            while at < len(trace.records) and trace.records[at].run == number:
                if trace.records[at].argv[0] != "cd":
                    result.append(Item(trace.records[at], run=step, index=at))
                at += 1
            number += 1
        elif number <= reached and (trace.status == 0 or number < reached):
            if isinstance(step, Copy):
                result += [Item(step=step, source=source) for source in step.sources or step.bodies]
            else:
                result.append(Item(step=step))
    return result


def merged(all_items):
    """The items without neutral commands, with consecutive installs combined."""
    result = []
    for item in all_items:
        if item.record and commands.is_neutral(item.record):
            continue
        last = result[-1] if result else None
        if (
            last
            and item.record
            and last.record
            and commands.is_install(item.words)
            and item.words[0] in ("apt-get", "apk", "yum", "dnf", "microdnf", "zypper")
            and last.words[:1] == item.words[:1]
            and commands.is_install(last.words)
            and (last.record.cwd, last.record.out, last.run.user) == (item.record.cwd, item.record.out, item.run.user)
        ):
            both = Item(last.record, run=last.run)
            both.words = last.words + item.words[1:]
            both.indexes = last.indexes + item.indexes
            result[-1] = both
        else:
            result.append(item)
    return result


def same_copy(old, new):
    left, right = old.step, new.step
    if old.source != new.source or left.destination != right.destination or left.bodies != right.bodies:
        return False
    if left.keyword != right.keyword and not (
        left.keyword == "ADD" and not ARCHIVE.search(old.source) and not REMOTE.search(old.source)
    ):
        return False
    if left.is_file != right.is_file and old.source not in (".", "./", "/") and len(right.sources) == len(left.sources):
        return False
    added = {name for name in right.flags if name not in left.flags}
    kept = all(right.flags.get(name) == value for name, value in left.flags.items())
    return kept and added <= {"chmod", "chown", "link", "parents"}


def lost_variables(old, new):
    """The variables of a command that another one lacks, or has with another value."""
    return {
        name
        for name, value in old.env.items()
        if name not in UNREAD and new.env.get(name) != value and not (name == "PATH" and value in new.env.get(name, ""))
    }


def downloads(copy, item):
    """Whether a call of curl or wget downloads what an ADD does, to the same file."""
    source, target = copy.source, copy.step.destination
    is_git = re.search(r"\.git(#.*)?$", source)
    is_folder = not copy.step.is_file or target in FOLDERS
    is_download = item.words[0] in ("curl", "wget") and source in item.words and target in item.words
    return is_download and not is_git and not is_folder


def same(old, new):
    if old.step and new.record and isinstance(old.step, Copy) and old.step.keyword == "ADD":
        return downloads(old, new)
    if old.record and new.record:
        left, right = old.record, new.record
        flags = [flag for flag in old.run.flags if flag not in new.run.flags]
        return (
            (left.cwd, left.out, left.notes) == (right.cwd, right.out, right.notes)
            and old.run.user == new.run.user
            and not flags
            and commands.same_words(old.words, new.words)
            and not lost_variables(left, right)
        )
    if old.step and new.step and type(old.step) is type(new.step):
        return same_copy(old, new) if isinstance(old.step, Copy) else old.step.text == new.step.text
    return False


def may_be_added(item, before, after, tail):
    """Whether a command that the original does not run is a cleanup, or makes a user. `tail` is the
    text of everything that follows."""
    if not item.record:
        return False
    words = item.words
    if words[0] in commands.USER_PROGRAMS and not words[0] == "chown":
        return True
    if words[:2] == ["bundle", "config"]:
        return True
    paths = commands.removed(item.record, words)
    if not paths or not commands.is_forced(words):
        return False

    def is_made(path):
        made = [other for other in before if other.record and other.run is item.run]
        name = path.rstrip("/").rsplit("/", 1)[-1]
        return any(commands.names(other.record, path) or name and name in " ".join(other.record.argv) for other in made)

    def is_needed(path):
        if any(other.record and commands.names(other.record, path) for other in after):
            return True
        return path.rstrip("/").rsplit("/", 1)[-1] in tail

    def is_waste(path):
        return path.startswith(("/tmp/", "/var/tmp/")) or is_made(path)

    return all(commands.CACHES.match(path) or is_waste(path) and not is_needed(path) for path in paths)


def may_be_dropped(item, new_steps, new_items):
    """Whether another step does what a command of the original does: WORKDIR creates the directory,
    or COPY sets the mode or the owner."""
    if not item.record:
        return False
    words = item.words
    paths = [commands.absolute(word, item.record.cwd) for word in commands.operands(words)]
    if words[0] == "mkdir":
        homes = {step.cwd for step in new_steps if isinstance(step, Run)}
        return all(any(home == path or home.startswith(path + "/") for home in homes) for path in paths)
    if words[0] in ("chmod", "chown") and len(paths) > 1:
        flagged = [step for step in new_steps if isinstance(step, Copy) and words[0] in "".join(step.flags)]
        return all(
            any(path == step.destination or path.startswith(step.destination + "/") for step in flagged)
            for path in paths[1:]
        )
    return False


def align(old, new, may_add, may_drop):
    """Pairs of the same items; or the furthest place at which no explanation goes on."""
    dead, furthest = set(), (0, 0)
    path, at, move = [], (0, 0), 0
    while at != (len(old), len(new)):
        step = None
        if at not in dead:
            left, right = at
            while step is None and move < 3:
                if move == 0 and left < len(old) and right < len(new) and same(old[left], new[right]):
                    step = (1, 1)
                elif move == 1 and right < len(new) and may_add(right):
                    step = (0, 1)
                elif move == 2 and left < len(old) and may_drop(left):
                    step = (1, 0)
                else:
                    move += 1
        if step:
            path.append((at, move))
            at = (at[0] + step[0], at[1] + step[1])
            furthest, move = max(furthest, at), 0
        else:
            dead.add(at)
            if not path:
                return None, furthest
            at, move = path.pop()
            move += 1
    return [place for place, move in path if move == 0], None


def has_background(steps):
    for step in steps:
        if isinstance(step, Run):
            plain = re.sub(r"&&|[<>]&|&>", "", step.script)
            if "&" in plain or "<(" in plain or ">(" in plain:
                return True
    return False


def unordered(old, new, may_add, may_drop):
    free, pairs = list(range(len(new))), []
    for left, item in enumerate(old):
        found = next((right for right in free if same(item, new[right])), None)
        if found is None:
            if not may_drop(left):
                return None, (left, len(new))
            continue
        free.remove(found)
        pairs.append((left, found))
    extra = next((right for right in free if not may_add(right)), None)
    return (pairs, None) if extra is None else (None, (len(old), extra))


def show(old, new, place):
    lines = []
    for title, found, at in (("original", old, place[0]), ("result", new, place[1])):
        lines.append(f"  {title}:")
        for number in range(max(0, at - 2), min(len(found), at + 3)):
            lines.append(f"   {'>' if number == at else ' '} {found[number]}")
        if at >= len(found):
            lines.append("   > (end)")
    if place[0] < len(old) and place[1] < len(new) and old[place[0]].record and new[place[1]].record:
        lost = lost_variables(old[place[0]].record, new[place[1]].record)
        left, right = old[place[0]], new[place[1]]
        if lost:
            lines.append(f"  variables: {sorted(lost)}")
        for name in ("cwd", "out", "notes"):
            if getattr(left.record, name) != getattr(right.record, name):
                lines.append(f"  {name}: {getattr(left.record, name)!r}, {getattr(right.record, name)!r}")
        if (left.run.user, left.run.flags) != (right.run.user, right.run.flags):
            lines.append(f"  user, flags: {left.run.user, left.run.flags}, {right.run.user, right.run.flags}")
    return "\n".join(lines)


def moved_copies(old, new):
    """Explains the same items with copies at other places. Returns what a copy must not pass."""
    free = [number for number, item in enumerate(new) if isinstance(item.step, Copy)]
    pairs = []
    for left, item in enumerate(old):
        if isinstance(item.step, Copy):
            found = next((right for right in free if same_copy(item, new[right])), None)
            if found is None:
                return f"no longer copied: {item}"
            free.remove(found)
            pairs.append((left, found))
    if free:
        return f"also copied: {new[free[0]]}"
    for left, right in pairs:
        before = [item for item in old[:left] if item.record]
        after = [item for item in new[:right] if item.record]
        passed = after[len(before) :] or before[len(after) :]
        destination = old[left].step.destination
        for item in passed:
            if not commands.reads_only_words(item.words) or commands.names(item.record, destination):
                return f"{old[left]} is moved past {item}"
    return None


def compare(old_steps, new_steps, old_trace, new_trace, tail):
    """Compares two traces: pairs of the same calls, as places in the traces, or how they differ."""
    all_old, all_new = items(old_steps, old_trace), items(new_steps, new_trace)
    old, new = merged(all_old), merged(all_new)

    def may_add(found):
        return lambda at: may_be_added(found[at], found[:at], found[at + 1 :], tail)

    def may_drop(found):
        return lambda at: may_be_dropped(found[at], new_steps, new)

    pairs, place = align(old, new, may_add(new), may_drop(old))
    if pairs is None:
        plain_old = [item for item in old if not isinstance(item.step, Copy)]
        plain_new = [item for item in new if not isinstance(item.step, Copy)]
        how = moved_copies(old, new)
        found, other_place = align(plain_old, plain_new, may_add(plain_new), may_drop(plain_old))
        if found is None and has_background(old_steps):
            found, other_place = unordered(plain_old, plain_new, may_add(plain_new), may_drop(plain_old))
        if found is None:
            return None, show(plain_old, plain_new, other_place)
        if how:
            return None, how
        old, new, pairs = plain_old, plain_new, found
    calls = [
        (old[left].indexes[0], new[right].indexes[0]) for left, right in pairs if old[left].record and new[right].record
    ]
    calls += neutral_pairs(all_old, all_new)
    return sorted(calls), None


def lost_files(old, new):
    """The files that the scripts of the original wrote themselves and that are missing or others."""
    if old.status != 0 or new.status != 0:
        return set()
    return set(old.files.splitlines()) - set(new.files.splitlines())


def neutral_pairs(old, new):
    """Pairs of the same neutral commands, by the number of equal ones before them."""
    seen, pairs = [], []
    for item in old:
        if item.record and commands.is_neutral(item.record):
            for other in new:
                if other.indexes[0] not in seen and other.record and other.words == item.words:
                    seen.append(other.indexes[0])
                    pairs.append((item.indexes[0], other.indexes[0]))
                    break
    return pairs
