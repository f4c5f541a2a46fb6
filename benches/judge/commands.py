"""What the judge knows about commands: which differences between two calls change no result.

These rules are the same for all tools. docs/compare.md lists them.
"""

import re

from .steps import absolute

# Package managers, and their words for an install.
INSTALLS = {
    "apt-get": {"install", "build-dep"}, "apk": {"add"}, "yum": {"install", "localinstall"}, "dnf": {"install"},
    "microdnf": {"install"}, "tdnf": {"install"}, "zypper": {"install", "in"}, "pip": {"install"}, "gem": {"install"},
    "npm": {"install", "i", "ci"}, "conda": {"install"}, "mamba": {"install"}, "micromamba": {"install"},
    "yarn": {"add", "install"}, "bundle": {"install"},
}  # fmt: skip
UPDATES = {
    "apt-get": {"update"}, "apk": {"update"}, "yum": {"makecache"}, "dnf": {"makecache"}, "zypper": {"refresh", "ref"},
}  # fmt: skip
CLEANS = {
    "apt-get": {"clean", "autoclean", "distclean", "dist-clean", "autoremove"}, "apk": {"cache"}, "yum": {"clean"},
    "dnf": {"clean"}, "microdnf": {"clean"}, "tdnf": {"clean"}, "zypper": {"clean", "cc"}, "npm": {"cache"},
    "yarn": {"cache"}, "pip": {"cache"}, "conda": {"clean"}, "mamba": {"clean"}, "micromamba": {"clean"},
    "composer": {"clear-cache", "clearcache"}, "pnpm": {"store"}, "uv": {"cache"}, "go": {"clean"}, "gem": {"cleanup"},
    "bundle": {"clean"},
}  # fmt: skip
# Directories in which removing files is a cleanup: caches, logs and manuals.
CACHES = re.compile(
    r"/var/(lib/apt/lists|lib/dpkg/\S*-old|cache|log)\b|(/root|/home/[^/]+|~)/\.(cache|npm|composer|gem|gradle"
    r"|m2|cargo|bundle|cpan|cpanm|pnpm-store|local/share/(gem|pnpm))|/usr/local/(share/\.cache|cargo/registry|bundle"
    r"|lib/ruby/gems/[^/]+/cache)|/opt/conda/pkgs|/usr/lib/ruby/gems/[^/]+/cache|/usr/share/(doc|man)\b"
)
# Options that may be added to programs other than package managers.
ADDED_OPTIONS = {
    "curl": r"-[fLsS]+|--fail|--location|--silent|--show-error|--retry.*|--proto.*|--tlsv.*",
    "wget": r"--progress.*|-q|-nv|--no-verbose|--tries.*",
    "useradd": r"-l|--no-log-init",
    "rm": r"-[rf]+",
    "gpg": r"--batch",
    "ln": r"-[sfn]+",
    "npm": r"-.*",
    "pipx": r"-.*",
    "uv": r"--no-cache",
    "go": r"-.*cache",
    "bundle": r"-.*",
    "apt-key": r"-.*",
    "add-apt-repository": r"-y|--yes",
    "composer": r"--no-.*",
}
# Options that may be added to every call of a package manager; an install may get any option.
ADDED_TO_MANAGERS = r"-y|--yes|--assume-?yes|-n|--non-interactive|-q+|--no-cache|--no-cache-dir|--no-progress"
# Options that may be removed: without them, a download fails if the server has no valid certificate.
INSECURE = {"curl": {"-k", "--insecure"}, "wget": {"--no-check-certificate"}}
# Commands that read only what their words name, and package managers of the system.
NAMED_ONLY = set(
    "addgroup adduser apk apt-get a2enmod add-apt-repository apt-key cat chmod chown corepack cp curl dnf"
    " dpkg-reconfigure echo git gpg groupadd install ldconfig ln locale-gen localedef microdnf mkdir mv rm sed tar tdnf"
    " tee touch unzip update-alternatives useradd usermod wget yum zypper".split()
)
USER_PROGRAMS = {"useradd", "groupadd", "adduser", "addgroup", "chown"}
SETTINGS_OF_BUNDLER = {"--deployment", "--without", "--with", "--path", "--clean", "--frozen", "--no-prune"}


def words_of(record, user="root"):
    """The words of a call, with one name for each program, and without sudo."""
    words = list(record.argv)
    while words and words[0].rsplit("/", 1)[-1] in ("sudo", "env", "command", "time"):
        del words[0]
        while words and (words[0].startswith("-") or re.match(r"[A-Za-z_]\w*=", words[0])):
            del words[0]
    if not words:
        return [""]
    words[0] = words[0].rsplit("/", 1)[-1]
    if re.fullmatch(r"python[\d.]*", words[0]) and words[1:3] == ["-m", "pip"]:
        words[:3] = ["pip"]
    if re.fullmatch(r"pip-?[\d.]+", words[0]):
        words[0] = "pip"
    if words[0] == "apt":
        words[0] = "apt-get"
    return words


def action(words, table):
    """Whether a call of a program is one of those in the table."""
    known = table.get(words[0], ())
    # The values of options, as in `apk --virtual NAME add`, precede it.
    return any(word in known for word in operands(words)[:3])


def is_install(words):
    return action(words, INSTALLS)


def is_update(words):
    return action(words, UPDATES)


def removed(record, words):
    """The paths that an `rm` removes; none if it is another command."""
    return [absolute(word, record.cwd) for word in operands(words)] if words[0] == "rm" else []


def is_forced(words):
    """Whether an `rm` succeeds if there is nothing to remove."""
    return any(re.fullmatch(r"-[a-zA-Z]*f[a-zA-Z]*|--force", word) for word in words)


def is_clean(record):
    """Whether a call only empties caches."""
    words = words_of(record)
    paths = removed(record, words)
    if paths:
        return all(CACHES.match(path) or CACHES.match(path + "/") for path in paths)
    return action(words, CLEANS)


def is_neutral(record):
    """Whether a call only updates an index of packages or empties caches. Whether the packages that
    are installed later are found is checked apart (`lists.py`)."""
    return is_update(words_of(record)) or is_clean(record)


def package(word):
    """A package without its version."""
    return re.split(r"(?<=.)(?:[=<>~!]|@(?!.*/))", word)[0].lower()


def operands(words):
    return [word for word in words[1:] if not word.startswith("-")]


def options(words):
    return {word for word in words[1:] if word.startswith("-")}


def same_install(old, new):
    """Whether two installs install the same packages: in any order, with added options, and with
    pinned versions."""
    left, right = set(operands(old)), set(operands(new))
    if left != right and {package(word) for word in left} != {package(word) for word in right}:
        return False
    # A version that was there must still be there.
    if any(package(word) != word.lower() and word not in right for word in left):
        return False
    dropped = {"-U", "--update", "--update-cache", "--no-cache", "--no-cache-dir", "--force-yes"}
    return options(old) - options(new) <= dropped


def same_bundle(old, new):
    """Whether two calls of `bundle install` differ only in options that `bundle config` sets."""
    rest, left, skip = list(new), [], False
    for word in old:
        name = word.split("=")[0]
        if name in SETTINGS_OF_BUNDLER:
            skip = True
        elif not (skip and not word.startswith("-")):
            skip = False
            left.append(word)
    return left == [word for word in rest if word.split("=")[0] not in SETTINGS_OF_BUNDLER]


def same_words(old, new):
    """Whether two calls do the same."""
    if old == new:
        return True
    if old[0] != new[0]:
        return False
    if is_install(old) and is_install(new):
        return same_install(old, new) or old[0] == "bundle" and same_bundle(old, new)
    if old[0] in INSECURE:
        removable = INSECURE[old[0]] & set(old)
        old, new = ([word for word in words if word not in removable] for words in (old, new))
    allowed = ADDED_OPTIONS.get(old[0], ADDED_TO_MANAGERS if old[0] in INSTALLS else r"(?!)")
    at = 0
    for word in new:
        if at < len(old) and word == old[at]:
            at += 1
        elif CACHES.match(word) and old[0] == "rm" or re.fullmatch(allowed, word):
            continue
        else:
            return same_letters(old, new)
    return at == len(old)


def same_letters(old, new):
    """Whether the calls differ only in how one-letter options are combined: `-s -S` and `-sS`."""

    def letters(words):
        return sorted("".join(word[1:] for word in words if re.fullmatch(r"-[a-zA-Z]+", word)))

    def others(words):
        return [word for word in words if not re.fullmatch(r"-[a-zA-Z]+", word)]

    extra = letters(new)
    for letter in letters(old):
        if letter not in extra:
            return False
        extra.remove(letter)
    allowed = {"curl": "fLsS", "rm": "rf", "ln": "sfn"}.get(old[0], "")
    return others(old) == others(new) and all(letter in allowed for letter in extra)


def reads_only_words(words):
    """Whether a call reads no files but those that its words name."""
    if words[0] == "npm":
        return bool({"-g", "--global"} & set(words))
    if words[0] in ("pip", "gem"):
        return is_install(words) and not any(word.startswith(("-r", "--req", "-e", "-c", ".")) for word in words[1:])
    return words[0] in NAMED_ONLY


def names(record, path):
    """Whether a call names a path, something in it, or a directory that contains it."""
    inside = path.rstrip("/") + "/"
    if record.out == path or record.out.startswith(inside):
        return True
    is_manager = words_of(record)[0] in UPDATES
    for word in record.argv[1:]:
        for part in re.split(r"[=:,]", word):
            whole = absolute(part, record.cwd)
            is_path = "/" in part or "." in part and not is_manager or whole == path
            is_related = whole == path or whole.startswith(inside) or path.startswith(whole.rstrip("/") + "/")
            if part and not part.startswith("-") and is_path and is_related:
                return True
    return False
