// pip and uv: site-packages, virtual environments, wheels in directories, caches and offline modes.
#include "stubs.h"

// The directory in which the running program was found; for a link in a virtual environment, the
// environment's `bin`.
static const char *own_directory(const char *name) {
    char *path = strdup(variable("PATH") ? variable("PATH") : "/usr/local/bin:/usr/bin");
    for (char *part = strtok(path, ":"); part; part = strtok(NULL, ":"))
        if (access(format("%s/%s", part, name), X_OK) == 0) return part;
    return "/usr/local/bin";
}

static const char *site_of(const char *prefix) { return format("%s/lib/python3.12/site-packages", prefix); }

static void install(const char *prefix, const char *site, const char *name) {
    if (!exists(format("%s/%s/__init__.py", site, name))) {
        leave(format("%s/%s/__init__.py", site, name), format("# %s\n", name));
        leave(format("%s/%s-1.0.dist-info/METADATA", site, name), format("Name: %s\n", name));
    }
    if (prefix) leave_program(format("%s/bin/%s", prefix, name), name);
}

// The dependencies of a project: `dependencies = ["a", "b>=1"]`.
static int project_names(const char *path, char names[][96], int most) {
    const char *text = read_whole(path, NULL), *at = text ? strstr(text, "dependencies = [") : NULL;
    int count = 0;
    const char *end = at ? strchr(at, ']') : NULL;
    while (at && end && (at = strchr(at + 1, '"')) && at < end && count < most) {
        snprintf(names[count++], 96, "%s", plain_name(format("%.*s", (int)strcspn(at + 1, "\""), at + 1)));
        at = strchr(at + 1, '"');
    }
    return count;
}

// Builds the project in a directory. Its name and the files that it reads become part of the
// package.
static int install_project(const char *directory, const char *site, char names[][96], int most) {
    const char *manifest = format("%s/pyproject.toml", directory);
    if (!exists(manifest)) {
        if (!exists(format("%s/setup.py", directory))) fail(1, "%s does not appear to be a Python project", directory);
        leave(format("%s/project/__init__.py", site), read_whole(format("%s/setup.py", directory), NULL));
        return 0;
    }
    const char *text = read_whole(manifest, NULL), *readme = "";
    if (strstr(text, "readme = ")) readme = read_whole(format("%s/README.md", directory), NULL);
    if (!readme) fail(1, "the readme is not there");
    const char *code = read_whole(format("%s/app/__init__.py", directory), NULL);
    leave(format("%s/project/__init__.py", site), code ? code : "# nothing\n");
    leave(format("%s/project-1.0.dist-info/METADATA", site), format("%s%s", text, readme));
    return project_names(manifest, names, most);
}

static int pip(const struct call *call) {
    need_directory(1);
    const char *verb = call->count ? call->words[0] : "";
    const char *cache = value_of(call, "--cache-dir");
    if (!cache) cache = variable("PIP_CACHE_DIR");
    if (!cache) cache = format("%s/pip", variable("XDG_CACHE_HOME") ? variable("XDG_CACHE_HOME") : format("%s/.cache", home()));
    const char *content = format("%s/http-v2", cache);
    int is_kept = !has(call, "--no-cache-dir") && !is_on("PIP_NO_CACHE_DIR");
    if (has(call, "--version")) return puts("pip 24.0"), 0;
    if (!strcmp(verb, "cache")) {
        if (call->count > 1 && !strcmp(call->words[1], "purge")) remove_below(cache);
        return 0;
    }
    if (!strcmp(verb, "uninstall")) {
        for (int i = 1; i < call->count; i++) {
            remove_tree(format("%s/%s", site_of("/usr/local"), call->words[i]));
            remove_tree(format("%s/%s-1.0.dist-info", site_of("/usr/local"), call->words[i]));
            unlink(format("/usr/local/bin/%s", call->words[i]));
        }
        return 0;
    }
    if (strcmp(verb, "install") && strcmp(verb, "download") && strcmp(verb, "wheel")) fail(1, "unknown command %s", verb);
    char names[64][96];
    int count = 0;
    const char *prefix = "/usr/local", *bin = own_directory(call->argv[0]);
    if (exists(format("%s/../pyvenv.cfg", bin))) prefix = format("%.*s", (int)(strrchr(bin, '/') - bin), bin);
    if (value_of(call, "--prefix")) prefix = value_of(call, "--prefix");
    if (has(call, "--user") || geteuid() != 0) prefix = format("%s/.local", home());
    const char *site = site_of(prefix), *target = value_of(call, "--target");
    if (!target) target = value_of(call, "-t");
    if (target) site = target, prefix = NULL;
    const char *wheels = value_of(call, "-d") ? value_of(call, "-d") : value_of(call, "-w");
    for (int i = 1; i < call->argc; i++) {
        if (!strcmp(call->argv[i], "-r") || !strcmp(call->argv[i], "--requirement")) {
            if (!exists(call->argv[i + 1])) fail(1, "could not open requirements file %s", call->argv[i + 1]);
            count += line_names(call->argv[i + 1], names + count, 64 - count);
        }
    }
    for (int i = 1; i < call->count; i++) {
        if (call->words[i][0] == '.' || call->words[i][0] == '/') count += install_project(call->words[i], site, names + count, 64 - count);
        else snprintf(names[count++], 96, "%s", plain_name(call->words[i]));
    }
    int has_no_index = has(call, "--no-index") || is_on("PIP_NO_INDEX");
    const char *links = value_of(call, "--find-links");
    if (!links) links = value_of(call, "-f");
    if (!links) links = variable("PIP_FIND_LINKS");
    for (int i = 0; i < count; i++) {
        const char *wheel = links ? format("%s/%s.whl", links, names[i]) : NULL;
        if (wheel && exists(wheel)) {
            // A local wheel needs no download.
        } else if (has_no_index) {
            fail(1, "could not find a version that satisfies the requirement %s", names[i]);
        } else {
            fetch(content, names[i], 0, is_kept);
        }
        if (strcmp(verb, "install")) leave(format("%s/%s.whl", wheels ? wheels : ".", names[i]), format("package %s\n", names[i]));
        else install(prefix, site, names[i]);
    }
    return 0;
}

static int uv(const struct call *call) {
    need_directory(2);
    const char *verb = call->count ? call->words[0] : "";
    const char *cache = value_of(call, "--cache-dir");
    if (!cache) cache = variable("UV_CACHE_DIR");
    if (!cache) cache = format("%s/uv", variable("XDG_CACHE_HOME") ? variable("XDG_CACHE_HOME") : format("%s/.cache", home()));
    const char *content = format("%s/archive-v0", cache);
    int is_kept = !has(call, "--no-cache") && !has(call, "-n") && !has(call, "--no-cache-dir") && !is_on("UV_NO_CACHE");
    int offline = has(call, "--offline") || is_on("UV_OFFLINE");
    // Without a cache, uv uses a temporary directory.
    if (!is_kept) content = "/nonexistent";
    char names[64][96];
    int count = 0;
    if (has(call, "--version")) return puts("uv 0.5.0"), 0;
    if (!strcmp(verb, "cache") || !strcmp(verb, "clean")) {
        if (!strcmp(verb, "clean") || (call->count > 1 && !strcmp(call->words[1], "clean"))) remove_tree(cache);
        return 0;
    }
    if (!strcmp(verb, "venv")) {
        const char *where = call->count > 1 ? call->words[1] : ".venv";
        leave(format("%s/pyvenv.cfg", where), "home = /usr/local\n");
        leave_program(format("%s/bin/python", where), "python");
        return 0;
    }
    if (!strcmp(verb, "tool")) {
        for (int i = 2; i < call->count; i++) {
            const char *name = plain_name(call->words[i]);
            fetch(content, name, offline, is_kept);
            install(NULL, format("%s/.local/share/uv/tools/%s", home(), name), name);
            leave_program(format("%s/.local/bin/%s", home(), name), name);
        }
        return 0;
    }
    const char *prefix = "/usr/local";
    if (!strcmp(verb, "sync")) {
        if (!exists("pyproject.toml")) fail(2, "no pyproject.toml");
        if ((has(call, "--frozen") || has(call, "--locked")) && !exists("uv.lock")) fail(2, "unable to find lockfile");
        prefix = variable("UV_PROJECT_ENVIRONMENT") ? variable("UV_PROJECT_ENVIRONMENT") : ".venv";
        if (!exists(format("%s/pyvenv.cfg", prefix))) leave(format("%s/pyvenv.cfg", prefix), "home = /usr/local\n");
        leave_program(format("%s/bin/python", prefix), "python");
        // Without a build system, a project is not a package.
        const char *manifest = read_whole("pyproject.toml", NULL);
        int is_left_out = has(call, "--no-install-project") || !strstr(manifest, "[build-system]");
        count = is_left_out ? project_names("pyproject.toml", names, 64) : install_project(".", site_of(prefix), names, 64);
        if (!exists("uv.lock")) leave("uv.lock", "version = 1\n");
    } else if (!strcmp(verb, "pip") && call->count > 1 && !strcmp(call->words[1], "install")) {
        if (!has(call, "--system") && !is_on("UV_SYSTEM_PYTHON")) {
            prefix = variable("VIRTUAL_ENV") ? variable("VIRTUAL_ENV") : ".venv";
            if (!exists(prefix)) fail(2, "no virtual environment found");
        }
        const char *file = value_of(call, "-r");
        if (file && !exists(file)) fail(2, "file not found: %s", file);
        if (file) count = line_names(file, names, 64);
        for (int i = 2; i < call->count; i++) {
            if (call->words[i][0] == '.') count += install_project(call->words[i], site_of(prefix), names + count, 64 - count);
            else snprintf(names[count++], 96, "%s", plain_name(call->words[i]));
        }
    } else {
        fail(2, "unrecognized subcommand %s", verb);
    }
    for (int i = 0; i < count; i++) {
        fetch(content, names[i], offline, is_kept);
        install(prefix, site_of(prefix), names[i]);
    }
    return 0;
}

int python_packages(int argc, char **argv) {
    struct call call = read_call(argc, argv, " -r --requirement -t --target --find-links -f -d -w --prefix --cache-dir ");
    return !strcmp(argv[0], "uv") ? uv(&call) : pip(&call);
}
