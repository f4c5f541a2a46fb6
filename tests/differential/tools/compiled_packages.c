// go, cargo and gem: module and crate caches that later steps read, and programs that are built
// from sources.
#include "stubs.h"

static void leave_script(const char *path, const char *text) {
    leave(path, text);
    chmod(path, 0755);
}

// All sources in a directory as one text, with their names.
static const char *sources(const char *directory, const char *ending) {
    static char all[65536];
    static size_t used;
    DIR *entries = opendir(directory);
    char *names[256];
    int count = 0;
    for (struct dirent *entry; entries && (entry = readdir(entries)) && count < 256;) {
        size_t length = strlen(entry->d_name), end = strlen(ending);
        if (length > end && !strcmp(entry->d_name + length - end, ending)) names[count++] = strdup(entry->d_name);
    }
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++)
            if (strcmp(names[i], names[j]) > 0) {
                char *other = names[i];
                names[i] = names[j], names[j] = other;
            }
    for (int i = 0; i < count; i++) {
        const char *text = read_whole(format("%s/%s", directory, names[i]), NULL);
        used += (size_t)snprintf(all + used, sizeof all - used, "# %s: %.200s", names[i], text ? text : "");
    }
    return all;
}

static void fetch_modules(const char *cache, int offline) {
    char names[32][96];
    // `require example.org/x v1` lines.
    char *text = read_whole("go.mod", NULL);
    int count = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (!strncmp(line, "require ", 8) && count < 32) snprintf(names[count++], 96, "%.*s", (int)strcspn(line + 8, " "), line + 8);
    for (int i = 0; i < count; i++) fetch(format("%s/cache/download", cache), names[i], offline, 1);
}

static int go(const struct call *call) {
    const char *verb = call->count ? call->words[0] : "";
    const char *path = variable("GOPATH") ? variable("GOPATH") : "/go";
    const char *modules = variable("GOMODCACHE") ? variable("GOMODCACHE") : format("%s/pkg/mod", path);
    const char *built = variable("GOCACHE") ? variable("GOCACHE") : format("%s/.cache/go-build", home());
    int offline = variable("GOPROXY") && !strcmp(variable("GOPROXY"), "off");
    need_directory(1);
    if (!strcmp(verb, "clean")) {
        if (has(call, "-modcache")) remove_tree(modules);
        if (has(call, "-cache")) remove_below(built);
        return 0;
    }
    if (!strcmp(verb, "install") && call->count > 1 && strchr(call->words[1], '@')) {
        const char *name = plain_name(call->words[1]), *slash = strrchr(name, '/');
        fetch(format("%s/cache/download", modules), name, offline, 1);
        leave_program(format("%s/bin/%s", path, slash ? slash + 1 : name), slash ? slash + 1 : name);
        fetch(built, "trace", 0, 1);
        return 0;
    }
    if (!exists("go.mod")) fail(1, "go.mod file not found");
    if (!strcmp(verb, "mod")) {
        if (call->count > 1 && !strcmp(call->words[1], "download")) fetch_modules(modules, offline);
        return 0;
    }
    if (!strcmp(verb, "build")) {
        int is_vendored = exists("vendor/modules.txt");
        if (!is_vendored) fetch_modules(modules, offline);
        const char *vendored = is_vendored ? read_whole("vendor/modules.txt", NULL) : "";
        fetch(built, "trace", 0, 1);
        const char *out = value_of(call, "-o");
        leave_script(out ? out : "app", format("#!/bin/sh\n%s%s\necho go program\n", sources(".", ".go"), vendored));
        return 0;
    }
    return 0;
}

static int cargo(const struct call *call) {
    const char *verb = call->count ? call->words[0] : "";
    const char *own = variable("CARGO_HOME") ? variable("CARGO_HOME") : format("%s/.cargo", home());
    const char *crates = format("%s/registry/cache", own);
    int offline = has(call, "--offline") || has(call, "--frozen") || is_on("CARGO_NET_OFFLINE");
    need_directory(101);
    if (!strcmp(verb, "install") && call->count > 1) {
        for (int i = 1; i < call->count; i++) {
            fetch(crates, plain_name(call->words[i]), offline, 1);
            leave_program(format("%s/bin/%s", own, plain_name(call->words[i])), plain_name(call->words[i]));
        }
        return 0;
    }
    if (!exists("Cargo.toml")) fail(101, "could not find Cargo.toml");
    char names[32][96];
    int count = table_names("Cargo.toml", "dependencies", names, 32);
    for (int i = 0; i < count; i++) fetch(crates, names[i], offline, 1);
    if (strcmp(verb, "build")) return 0;
    if (!exists("src/main.rs")) fail(101, "no targets specified in the manifest");
    const char *target = variable("CARGO_TARGET_DIR") ? variable("CARGO_TARGET_DIR") : "target";
    // An existing program counts as up to date.
    const char *program = format("%s/%s/app", target, has(call, "--release") ? "release" : "debug");
    if (!exists(program)) leave_script(program, format("#!/bin/sh\n%s\necho rust program\n", sources("src", ".rs")));
    return 0;
}

static int gem(const struct call *call) {
    const char *own = variable("GEM_HOME") ? variable("GEM_HOME") : "/usr/local/bundle";
    need_directory(1);
    if (!call->count || strcmp(call->words[0], "install")) return 0;
    for (int i = 1; i < call->count; i++) {
        const char *name = plain_name(call->words[i]);
        if (!strncmp(name, "nosuch", 6)) fail(2, "could not find a valid gem %s", name);
        leave(format("%s/cache/%s.gem", own, name), "gem\n");
        leave(format("%s/gems/%s/lib.rb", own, name), format("# %s\n", name));
        leave_program(format("%s/bin/%s", own, name), name);
    }
    return 0;
}

int compiled_packages(int argc, char **argv) {
    struct call call = read_call(argc, argv, " -o -ldflags -tags --root --path -v -j ");
    if (!strcmp(argv[0], "go")) return go(&call);
    return !strcmp(argv[0], "cargo") ? cargo(&call) : gem(&call);
}
