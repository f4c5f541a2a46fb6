"""Runs scripts in a throwaway root in which every command is a stub that records how it is called.

The stub, and the server that runs the scripts in namespaces of its own, are those of the execution
oracle (`tests/oracle/agent.c`), which also describes their protocol.
"""

import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile

from .steps import Unreadable, absolute, expand

TESTS = pathlib.Path(__file__).resolve().parent.parent.parent / "tests"
SECONDS = 5
# The stub ignores these words when it looks for the call that must fail (`is_declared_option`). A
# call is identified by its words, so this does not decide which calls are the same.
IGNORED = {
    "--no-cache-dir", "--no-cache", "--no-cach", "--no-log-init", "--pip-args=--no-cache-dir", "-y", "--force",
    "--progress=dot:giga",
}  # fmt: skip
KEYWORDS = set("{ } ! if then else elif while until do time exec command".split())
PRELUDE = 'cd() { /.oracle/cd "$@" || return 1; command cd "$@"; }\n'
PRELUDE_BASH = 'pushd() { /.oracle/cd "$@" || return 1; builtin pushd "$@"; }\n'


class Record:
    """A command that a script started."""

    def __init__(self, cwd, out, notes, argv, env, run):
        self.cwd, self.out, self.notes, self.argv, self.env, self.run = cwd, out, notes, argv, env, run

    def key(self):
        words = ["apt-get" if word == "apt" else word for word in self.argv if word not in IGNORED]
        return b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in [self.cwd, *words])

    def __str__(self):
        out = "" if self.out in ("", "/.run/out") else f" > {self.out}"
        return f"[{self.cwd}] {' '.join(self.argv)}{out}"


class Trace:
    """What happened when some scripts ran, each after the one before it had succeeded."""

    def __init__(self, records, files, status, done):
        self.records, self.files, self.status, self.done = records, files, status, done


def number(value):
    return struct.pack("<I", value)


def text(value):
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    return number(len(data)) + data


def texts(values):
    values = list(values)
    return number(len(values)) + b"".join(map(text, values))


class Root:
    """A throwaway root. It needs a C compiler, dash, bash, and root or user namespaces."""

    def __init__(self):
        self.tools = tempfile.mkdtemp(prefix="compare-tools-")
        self.folder = tempfile.mkdtemp(prefix="compare-root-")
        agent = pathlib.Path(self.tools) / "agent"
        source = TESTS / "oracle" / "agent.c"
        subprocess.run(["cc", "-static", "-O1", "-I", TESTS / "support/throwaway", "-o", agent, source], check=True)
        os.symlink("agent", f"{self.tools}/cd")
        os.mkdir(f"{self.tools}/lib")
        for shell in ("dash", "bash"):
            program = shutil.which(shell)
            shutil.copy(program, self.tools)
            for library in subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.split():
                if library.startswith("/"):
                    name = os.path.basename(library)
                    shutil.copy(library, f"{self.tools}/{'ld.so' if name.startswith('ld-') else 'lib/' + name}")
        command = [agent, "--serve-the-oracle", self.folder, self.tools]
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self.server.stdin.close()
        self.server.wait()
        shutil.rmtree(self.tools)
        os.rmdir(self.folder)

    def execute(self, runs, needed, shell, fault=None):
        """Runs scripts in order until one fails. `shell` is the name of the program that `sh` is, or
        `None` if that is unknown. `fault` is a key and the number of calls with this key that succeed
        before the one that fails."""
        chosen = struct.pack("<I", fault[1]) + fault[0] if fault else b""
        # Scripts are expected to suit their shells, and dash has no pipefail.
        uses_pipefail = any("pipefail" in run.script or "pipefail" in run.shell for run in runs)
        sh_is_bash = shell == "bash" or shell is None and uses_pipefail
        request = number(SECONDS * 1000) + text(chosen)
        request += texts(sorted(needed.stubs)) + texts(sorted(needed.files)) + texts(sorted(needed.folders))
        request += text(b"".join(path.encode() + b"\0" for path in sorted(needed.relative)))
        request += number(len(runs))
        for run in runs:
            env = [f"{name}={value}" for name, value in sorted(run.env.items())]
            request += text(run.cwd) + texts(self.command_line(run, sh_is_bash)) + texts(env)
        self.server.stdin.write(request)
        self.server.stdin.flush()
        status, done = struct.unpack("<iI", self.read(8))
        ends = [self.number() for _ in range(done)]
        trace = self.read(self.number())
        self.read(self.number())  # What the scripts printed.
        files = self.read(self.number()).decode("utf-8", "replace")
        return Trace(list(records(trace, ends)), files, status, done)

    def read(self, length):
        data = self.server.stdout.read(length)
        if len(data) != length:
            raise RuntimeError("the throwaway root broke")
        return data

    def number(self):
        return struct.unpack("<I", self.read(4))[0]

    @staticmethod
    def command_line(run, sh_is_bash):
        is_bash = run.shell[0].endswith("bash")
        shell = "bash" if is_bash or sh_is_bash else "dash"
        words = ["/.oracle/ld.so", "--library-path", "/.oracle/lib", f"/.oracle/{shell}"]
        words += ["--posix"] if sh_is_bash and not is_bash else []
        return words + run.shell[1:] + [PRELUDE + (PRELUDE_BASH if is_bash else "") + run.script]


def records(trace, ends):
    at = 0

    def take():
        nonlocal at
        length = struct.unpack_from("<I", trace, at)[0]
        data = trace[at + 4 : at + 4 + length]
        at += 4 + length
        return data.decode("utf-8", "surrogateescape")

    def take_list():
        nonlocal at
        count = struct.unpack_from("<I", trace, at)[0]
        at += 4
        return [take() for _ in range(count)]

    while at < len(trace):
        run = next((number for number, end in enumerate(ends) if at < end), len(ends) - 1)
        cwd, out, notes = take(), take(), take()
        argv = take_list()
        env = dict(setting.partition("=")[::2] for setting in take_list())
        yield Record(cwd, out, notes, argv, env, run)


class Needed:
    """The files that scripts need: a stub for everything that may be a command, and empty files for
    what they read. Both versions of a Dockerfile get the same ones."""

    def __init__(self, runs):
        self.stubs, self.relative, self.files, self.folders = set(), set(), set(), set()
        for run in runs:
            for word in re.split(r"[^A-Za-z0-9_.+@\[-]+", run.script):
                if re.match(r"[A-Za-z0-9_\[]", word) and len(word) < 64:
                    self.stubs.add(f"/usr/bin/{word}")
            self.paths(run)
        self.relative = {path for path in self.relative if not path.startswith("../../")}

    def paths(self, run):
        env, at_command, target, is_sourced = dict(run.env), True, None, False
        for word in re.findall(r"[;&|()`<>\n]|[^\s;&|()`<>]+", run.script):
            if word in ";&|()`\n":
                at_command, target, is_sourced = True, None, False
            elif word in "<>":
                target = word
            elif target:
                path = self.place(word, run.cwd, env)
                if path and target == "<":
                    self.files.add(path)
                elif path:
                    self.folders.add(path.rsplit("/", 1)[0] + "/")
                target = None
            elif is_sourced:
                is_sourced = False
                self.files.update(filter(None, [self.place(word, run.cwd, env)]))
            elif word in KEYWORDS:
                continue
            elif at_command and word in (".", "source"):
                at_command, is_sourced = False, True
            elif re.match(r"[A-Za-z_]\w*=", word):
                name, _, value = word.partition("=")
                env[name] = expand(value.strip("'\""), env)
            elif at_command:
                at_command = False
                path = self.place(word, run.cwd, env) if "/" in word else None
                if path and re.match(r"[/~$\"']", word):
                    self.stubs.add(path)
                elif path:
                    self.relative.add(word)

    @staticmethod
    def place(word, cwd, env):
        word = f"$HOME{word[1:]}" if word == "~" or word.startswith("~/") else word
        try:
            path = expand(word, env)
        except Unreadable:
            return None
        if not path or path.endswith("/") or re.search(r"[*$?\0]", path):
            return None
        path = absolute(path, cwd)
        return None if path.startswith(("/proc", "/dev", "/.oracle", "/.run")) else path
