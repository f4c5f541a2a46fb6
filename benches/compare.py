#!/usr/bin/env python3
"""Runs tools that rewrite Dockerfiles on the same files, and judges the results by the same rules.

    python3 benches/compare.py --install            # once: puts the other tools into target/peers
    cargo build --profile dist
    python3 benches/compare.py --files DIRECTORY    # prints the table of docs/compare.md

Each tool applies its safe fixes to a copy of each file, alone in a folder. docs/compare.md says what
counts as broken; `judge/` decides it. `--keep DIRECTORY` keeps the results, with the reason for each
verdict. The judge needs a C compiler, dash, bash, and root or user namespaces.
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import peers

sys.path.append(str(peers.PEERS / "pip"))

from judge.verdict import Judge  # noqa: E402 (the path comes first)

PIP = peers.PEERS / "pip"
JETTISON = peers.ROOT / "target/dist/jettison"

# Name, the command, whose last argument is the file, and whether it prints the result instead of
# writing it.
TOOLS = [
    ("jettison", [JETTISON, "fix", "--write", "--quiet"], False),
    ("jettison, `--select default,tidy`", [JETTISON, "fix", "--write", "--quiet", "--select", "default,tidy"], False),
    ("tally 0.45.0", [peers.TALLY, "lint", "--fix", "--no-config", "--slow-checks", "off"], False),
    ("dockerfile-doctor 0.1.5", [PIP / "bin/dockerfile-doctor", "--fix", "--quiet"], False),
    ("dockerfile-hardener 1.0.2", [PIP / "bin/dockerfile-hardener", "fix", "--no-backup"], False),
    ("docktor 0.2.1", [PIP / "bin/docktor", "optimize", "--raw"], True),
    ("droast 1.7.0", [peers.PEERS / "droast/bin/droast", "--fix"], False),
    ("dockerfmt 0.5.4", [peers.DOCKERFMT, "--write"], False),
]

INSTALL = [
    *peers.INSTALL[:2],
    [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", PIP]
    + ["dockerfile==3.4.0", "dockerfile-doctor==0.1.5", "dockerfile-hardener==1.0.2", "docktor-py==0.2.1"],
    ["cargo", "install", "--quiet", "--locked", "--root", peers.PEERS / "droast", "dockerfile-roast@1.7.0"],
]


def text(path):
    return path.read_bytes().decode(errors="replace")


def rewrite(command, prints, source, folder):
    """Runs a tool on a copy of a file, and returns the result and the exit code."""
    folder.mkdir(parents=True)
    target = folder / "Dockerfile"
    shutil.copyfile(source, target)
    words = [str(word) for word in command] + [target.name]
    env = {**os.environ, "PYTHONPATH": str(PIP), "NO_COLOR": "1"}
    try:
        done = subprocess.run(
            words, cwd=folder, env=env, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        return source.read_bytes(), "timeout"
    (folder / "log").write_bytes(done.stdout + done.stderr)
    if prints and done.returncode == 0 and done.stdout.strip():
        target.write_bytes(done.stdout)
    return target.read_bytes(), done.returncode


def findings(paths):
    """The number of findings of hadolint by code, for each file."""
    found = {str(path): collections.Counter() for path in paths}
    for start in range(0, len(paths), 40):
        batch = [str(path) for path in paths[start : start + 40]]
        command = [str(PIP / "bin/hadolint"), "--no-fail", "--format", "json", *batch]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for finding in json.loads(done.stdout):
            found[finding["file"]][finding["code"]] += 1
    return found


def chosen(directory, count):
    """Every n-th file by name."""
    files = sorted(path for path in directory.iterdir() if path.is_file())
    return files[:: max(1, len(files) // count)][:count]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", action="store_true", help="install the other tools and stop")
    parser.add_argument("--files", type=pathlib.Path, help="a directory of Dockerfiles")
    parser.add_argument("--count", type=int, default=120, help="how many of them (default: 120)")
    parser.add_argument("--jettison", type=pathlib.Path, help="the program (default: target/dist/jettison)")
    parser.add_argument("--only", help="only the tools whose names contain this text")
    parser.add_argument("--keep", type=pathlib.Path, help="keep the results and verdicts in this directory")
    arguments = parser.parse_args()
    if arguments.install:
        return peers.install(INSTALL)
    if not arguments.files:
        parser.error("--files is required")
    if arguments.jettison:
        for _, command, _ in TOOLS[:2]:
            command[0] = arguments.jettison.resolve()
    files = chosen(arguments.files, arguments.count)
    with tempfile.TemporaryDirectory() as temporary:
        results = arguments.keep or pathlib.Path(temporary)
        rows, skipped = [], []
        with Judge() as judge:
            originals = [path for path in files if judge.reads(text(path))]
            before = findings(originals)
            for name, command, prints in TOOLS:
                if arguments.only and arguments.only not in name:
                    continue
                if not pathlib.Path(command[0]).exists():
                    skipped.append(name)
                    continue
                rows.append(compare(judge, name, command, prints, originals, before, results))
    findings_before = sum(sum(found.values()) for found in before.values())
    print(f"{datetime.date.today()}, {len(originals)} files, {findings_before} findings of hadolint before.\n")
    print_table(rows)
    if skipped:
        print(f"\nSkipped, because they are not in target/peers: {', '.join(skipped)}.")
    return None


def compare(judge, name, command, prints, originals, before, results):
    """Runs a tool on all files and returns the row of the table."""
    short = "-".join(re.findall(r"[a-z0-9.]+", name))
    folder = results / short
    shutil.rmtree(folder, ignore_errors=True)
    row, sound = collections.Counter(), []
    for number, source in enumerate(originals):
        place = folder / f"{number:03}"
        after, _ = rewrite(command, prints, source, place)
        if after == source.read_bytes():
            shutil.rmtree(place)
            continue
        row["changed"] += 1
        shutil.copyfile(source, place / "original")
        verdict = judge.compare(text(source), after.decode(errors="replace"))
        (place / "verdict").write_text(f"{source.name}\n{verdict}\n")
        row[verdict.kind or "sound"] += 1
        if not verdict.kind:
            row.update(verdict.remarks)
            sound.append((source, place / "Dockerfile"))
    after = findings([path for _, path in sound])
    for source, path in sound:
        if after[str(path)]["DL1000"]:
            # hadolint can't read the result, and reports nothing else.
            continue
        for code in before[str(source)] | after[str(path)]:
            change = after[str(path)][code] - before[str(source)][code]
            row["created" if change > 0 else "cleared"] += abs(change)
    return name, row


COLUMNS = [
    ("changed", "changed"),
    ("unreadable", "not accepted"),
    ("dangling", "missing names"),
    ("behaviour", "other commands"),
    ("settings", "other settings"),
    ("broken", "broken"),
    ("stricter", "stricter"),
    ("other base", "other base"),
    ("adds", "adds settings"),
    ("cleared", "cleared"),
    ("created", "created"),
]


def print_table(rows):
    print("| tool | " + " | ".join(title for _, title in COLUMNS) + " |")
    print("|---|" + "---:|" * len(COLUMNS))
    for name, row in rows:
        broken = sum(row[kind] for kind in ("unreadable", "dangling", "behaviour", "settings"))
        share = f" ({100 * broken / row['changed']:.0f} %)" if row["changed"] else ""
        cells = [f"{broken}{share}" if key == "broken" else str(row[key]) for key, _ in COLUMNS]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
