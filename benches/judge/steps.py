"""Reads a Dockerfile with BuildKit's parser, and lists the steps and the settings of its stages."""

import re

KEYWORDS = set(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER"
    " VOLUME WORKDIR".split()
)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WINDOWS = re.compile(r"windowsservercore|nanoserver|/windows|servercore")
# Instructions that are errors without a word after the keyword.
NEED_WORDS = KEYWORDS - {"CMD", "ENTRYPOINT", "SHELL", "RUN"}


class Unreadable(Exception):
    """BuildKit does not accept the file."""


class Stage:
    """A stage: its steps in order, and its settings at its end."""

    def __init__(self, name, image, platform, number):
        self.name, self.image, self.platform, self.number = name, image, platform, number
        self.parent, self.reads = None, set()
        self.steps = []
        self.env, self.labels, self.ports, self.volumes = {}, {}, set(), set()
        self.cwd, self.user, self.shell = "/", "root", ["/bin/sh", "-c"]
        self.single, self.onbuild = {}, []

    def inherit(self, parent):
        self.parent = parent
        self.reads.add(parent.number)
        self.env, self.labels = dict(parent.env), dict(parent.labels)
        self.ports, self.volumes = set(parent.ports), set(parent.volumes)
        self.cwd, self.user, self.shell = parent.cwd, parent.user, list(parent.shell)
        self.single, self.onbuild = dict(parent.single), []


    def base(self):
        """The stage that starts from the image which this one is built from."""
        stage = self
        while stage.parent:
            stage = stage.parent
        return stage


class Run:
    """A script, and the settings in effect when it starts."""

    def __init__(self, script, shell, cwd, env, user, flags, caches):
        self.script, self.shell, self.cwd, self.env, self.user = script, shell, cwd, env, user
        self.flags, self.caches = flags, caches

    def key(self):
        return ("run", self.script, tuple(self.shell), self.cwd, tuple(sorted(self.env.items())), self.user, self.flags)


class Copy:
    """A COPY or ADD."""

    def __init__(self, keyword, sources, destination, flags, is_file, bodies):
        self.keyword, self.sources, self.destination, self.flags = keyword, sources, destination, flags
        self.is_file, self.bodies = is_file, bodies

    def key(self):
        return ("copy", self.keyword, self.sources, self.destination, tuple(sorted(self.flags.items())), self.bodies)


class Opaque:
    """A RUN that no Bourne shell executes, as text."""

    def __init__(self, text):
        self.text = " ".join(text.split())

    def key(self):
        return ("opaque", self.text)


def expand(text, env, unknown=""):
    """The text without quotes and with its variables replaced, as BuildKit does it."""
    result, at, quote = [], 0, None
    while at < len(text):
        char = text[at]
        if quote is None and char in "'\"":
            quote = char
        elif char == quote:
            quote = None
        elif char == "\\" and quote != "'":
            after = text[at + 1 : at + 2]
            if quote == '"' and after not in ('"', "$", "\\"):
                result.append(char)
            else:
                result.append(after)
                at += 1
        elif char == "$" and quote != "'":
            found = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+?]|[#%/]+)([^}]*))?\})").match(text, at)
            if found:
                value = env.get(found[1] or found[2])
                if found[3] in (":-", "-"):
                    value = value or expand(found[4], env, unknown)
                elif found[3] in (":+", "+"):
                    value = expand(found[4], env, unknown) if value else ""
                elif found[3] and found[3] not in (":?", "?"):
                    value = f"{value}{found[3]}{found[4]}"
                result.append(unknown if value is None else value)
                at = found.end() - 1
            else:
                result.append(char)
        else:
            result.append(char)
        at += 1
    if quote:
        raise Unreadable(f"no second {quote} in {text}")
    return "".join(result)


def variables(text):
    """The names of the variables that BuildKit expands in a text."""
    return set(re.findall(r"(?<!\\)\$\{?([A-Za-z_]\w*)", text))


def absolute(path, cwd):
    whole = path if path.startswith("/") else f"{cwd}/{path}"
    parts = []
    for part in whole.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def is_bourne(shell):
    name = shell[0].rsplit("/", 1)[-1] if shell else ""
    return name in ("sh", "ash", "dash", "bash") and shell[-1].startswith("-") and shell[-1].endswith("c")


class Dockerfile:
    """A file as its stages, and the names that it reads."""

    def __init__(self, text, parser):
        try:
            self.commands = parser.parse_string(text)
        except Exception as error:  # The package raises its own errors and, for some files, plain ones.
            raise Unreadable(str(error)) from error
        self.stages, self.globals = [], {}
        # What instructions read: (kind, name, where), and whether the name exists.
        self.unknown_names = set()
        for command in self.commands:
            self.read(command)
        if not self.stages:
            raise Unreadable("no FROM")

    def read(self, command):
        keyword, words = command.cmd.upper(), list(command.value)
        if keyword not in KEYWORDS:
            raise Unreadable(f"line {command.start_line}: unknown instruction {command.cmd}")
        if keyword in NEED_WORDS and not "".join(words):
            raise Unreadable(f"line {command.start_line}: {keyword} without arguments")
        if keyword == "FROM":
            return self.start(command, words)
        if not self.stages:
            if keyword != "ARG":
                raise Unreadable(f"line {command.start_line}: {keyword} before FROM")
            for word in words:
                name, _, value = word.partition("=")
                self.globals[name] = expand(value, self.globals)
            return None
        stage = self.stages[-1]
        if keyword not in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", "ONBUILD", "SHELL", "MAINTAINER"):
            self.read_variables(keyword, " ".join(words), stage.env)
        return getattr(self, keyword.lower())(stage, command, words)

    def read_variables(self, keyword, text, env):
        # The base image may define a variable, so one that was never known is no mistake by itself.
        self.unknown_names |= {("variable", name, keyword) for name in variables(text) if name not in env}

    def start(self, command, words):
        if not (len(words) == 1 or len(words) == 3 and words[1].upper() == "AS"):
            raise Unreadable(f"line {command.start_line}: FROM requires one or three arguments")
        self.read_variables("FROM", words[0], self.globals)
        platform = next((flag.split("=", 1)[1] for flag in command.flags if flag.startswith("--platform=")), "")
        image = expand(words[0], self.globals, "?")
        if not image:
            raise Unreadable(f"line {command.start_line}: base name should not be blank")
        stage = Stage(words[2].lower() if len(words) == 3 else "", image, platform, len(self.stages))
        parent = next((other for other in reversed(self.stages) if other.name and other.name == image.lower()), None)
        if parent:
            stage.inherit(parent)
        else:
            self.unknown_names.add(("stage", image.lower(), "FROM"))
            if image.rsplit("/", 1)[-1].split(":")[0] == "golang":
                stage.cwd = "/go"
            stage.env = {"HOME": "/root", "PATH": PATH}
        self.stages.append(stage)

    def source_stage(self, name):
        """The stage that `from=` names, if it is a stage; other names are images."""
        before = self.stages[:-1]
        for stage in before:
            if stage.name == name.lower() or name == str(stage.number):
                return stage
        return None

    def from_name(self, name, keyword):
        stage = self.source_stage(name)
        if stage is None:
            self.unknown_names.add(("stage", name.lower(), keyword))
        else:
            self.stages[-1].reads.add(stage.number)
        return name.lower() if stage is None else f"stage {stage.name or stage.number}"

    def flags(self, command, keyword):
        """The flags as a dictionary; those that change no result are left out."""
        found = {}
        for flag in command.flags:
            name, _, value = flag.lstrip("-").partition("=")
            if name == "from":
                value = self.from_name(value, keyword)
            if name == "mount":
                fields = [field for field in value.split(",") if field]
                if "type=cache" in fields:
                    continue
                for number, field in enumerate(fields):
                    if field.startswith("from="):
                        fields[number] = "from=" + self.from_name(field[5:], keyword)
                value = ",".join(sorted(fields))
                name = f"mount {value}"
            if name != "link":
                found[name] = value
        return found

    # --- one method for each instruction ---

    def run(self, stage, command, words):
        flags = tuple(sorted(self.flags(command, "RUN").items()))
        env, shell, script = dict(stage.env), list(stage.shell), words[0] if words else ""
        if command.json:
            return stage.steps.append(Opaque(f"RUN {words} {flags} {stage.cwd} {stage.user}"))
        documents = command.heredocs
        if documents and re.fullmatch(r"<<-?\s*\S+", script):
            body = documents[0].content
            if script.startswith("<<-"):
                body = re.sub(r"(?m)^\t+", "", body)
            first = body.split("\n", 1)[0]
            if first.startswith("#!"):
                words = first[2:].split()
                words = words[1:] if words[:1] == ["/usr/bin/env"] else words
                shell = [*words, "-c"]
            script = body
        elif documents:
            for document in documents:
                script += f"\n{document.content}{document.name}"
        if not is_bourne(shell) or WINDOWS.search(stage.base().image):
            return stage.steps.append(Opaque(f"RUN {script} {shell} {flags} {stage.cwd} {stage.user}"))
        caches = [flag for flag in command.flags if flag.startswith("--mount") and "type=cache" in flag]
        return stage.steps.append(Run(script, shell, stage.cwd, env, stage.user, flags, caches))

    def copy(self, stage, command, words):
        flags = self.flags(command, command.cmd.upper())
        words = [expand(word, stage.env) for word in words]
        if len(words) < 2:
            raise Unreadable(f"line {command.start_line}: {command.cmd} requires at least two arguments")
        *sources, target = words
        if command.cmd.upper() == "COPY" and any(re.match(r"https?://", source) for source in sources):
            raise Unreadable(f"line {command.start_line}: source can't be a URL for COPY")
        # A path that ends with a slash is a directory, and so is the target of several sources.
        is_file = not (target.endswith(("/", "/.")) or target in (".", "./", "/", "..") or len(sources) > 1)
        names = [name for name in sources if not name.startswith("<<")]
        bodies = tuple(document.content for document in command.heredocs)
        destination = absolute(target, stage.cwd)
        stage.steps.append(Copy(command.cmd.upper(), tuple(names), destination, flags, is_file, bodies))

    add = copy

    def env(self, stage, command, words):
        before = dict(stage.env)
        for name, value in zip(words[::2], words[1::2]):
            stage.env[name] = expand(value, before)
        self.keep_path(stage)
        stage.single.setdefault("env", {})
        stage.single["env"] = {**stage.single["env"], **{name: stage.env[name] for name in words[::2]}}

    def arg(self, stage, command, words):
        for word in words:
            name, equals, value = word.partition("=")
            if name in stage.single.get("env", {}):
                continue
            if equals:
                stage.env[name] = expand(value, stage.env)
            else:
                stage.env[name] = self.globals.get(name, "")
        self.keep_path(stage)

    def keep_path(self, stage):
        # Without the folder of the stubs, a script would fail at its first command.
        if "/usr/bin" not in stage.env.get("PATH", "").split(":"):
            stage.env["PATH"] = stage.env.get("PATH", "") + ":/usr/bin"

    def label(self, stage, command, words):
        for name, value in zip(words[::2], words[1::2]):
            stage.labels[expand(name, stage.env)] = expand(value, stage.env)

    def maintainer(self, stage, command, words):
        pass

    def expose(self, stage, command, words):
        for word in words:
            port = expand(word, stage.env).rsplit(":", 1)[-1].lower()
            if not re.fullmatch(r"\d*(-\d+)?(/\w+)?", port):
                raise Unreadable(f"line {command.start_line}: invalid port {word}")
            stage.ports.add(port if "/" in port else f"{port}/tcp")

    def volume(self, stage, command, words):
        stage.volumes |= {expand(word, stage.env) for word in words}

    def workdir(self, stage, command, words):
        stage.cwd = absolute(expand(words[0], stage.env), stage.cwd)

    def user(self, stage, command, words):
        stage.user = expand(words[0], stage.env)

    def shell(self, stage, command, words):
        if not command.json:
            raise Unreadable(f"line {command.start_line}: SHELL requires the arguments to be in JSON form")
        stage.shell = words

    def stopsignal(self, stage, command, words):
        stage.single["STOPSIGNAL"] = words[0].upper().removeprefix("SIG")

    def cmd(self, stage, command, words):
        stage.single["CMD"] = (command.json, tuple(words))

    def entrypoint(self, stage, command, words):
        stage.single["ENTRYPOINT"] = (command.json, tuple(words))

    def healthcheck(self, stage, command, words):
        if words[0].upper() not in ("CMD", "NONE"):
            raise Unreadable(f"line {command.start_line}: unknown type {words[0]} in HEALTHCHECK")
        stage.single["HEALTHCHECK"] = (command.json, tuple(sorted(command.flags)) + tuple(words))

    def onbuild(self, stage, command, words):
        stage.onbuild.append((command.sub_cmd, tuple(words)))
