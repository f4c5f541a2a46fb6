// npm, yarn 1 and pnpm: manifests, node_modules, a cache, offline modes, and a working directory
// that must exist.
#include "stubs.h"

struct project {
    char names[32][96];
    int count;
};

static struct project read_project(int with_dev) {
    struct project project = {0};
    if (!exists("package.json")) fail(254, "no package.json");
    project.count = json_names("package.json", "dependencies", project.names, 32);
    if (with_dev) project.count += json_names("package.json", "devDependencies", project.names + project.count, 32 - project.count);
    return project;
}

// A setting from the `.npmrc` of the project or the user. Global installs do not read the
// project's.
static const char *setting(const struct call *call, const char *key) {
    const char *files[] = {".npmrc", format("%s/.npmrc", home())};
    for (int i = has(call, "-g") || has(call, "--global"); i < 2; i++) {
        const char *text = read_whole(files[i], NULL), *at = text ? strstr(text, format("%s=", key)) : NULL;
        if (at) return format("%.*s", (int)strcspn(at + strlen(key) + 1, "\n"), at + strlen(key) + 1);
    }
    return NULL;
}

static int is_offline(const struct call *call) {
    const char *value = setting(call, "offline");
    return has(call, "--offline") || is_on("npm_config_offline") || is_on("NPM_CONFIG_OFFLINE") || (value && !strcmp(value, "true"));
}

static void unpack(const char *root, const char *name) {
    const char *path = format("%s/%s/index.js", root, name);
    if (exists(path)) return;
    leave(format("%s/%s/package.json", root, name), format("{\"name\":\"%s\"}\n", name));
    leave(path, format("// %s\n", name));
}

static void install_global(const char *prefix, const char *name) {
    unpack(format("%s/lib/node_modules", prefix), name);
    const char *slash = strrchr(name, '/');
    const char *own = slash ? slash + 1 : name;
    leave_program(format("%s/bin/%s", prefix, own), own);
}

// Reads the files of the project that a package's install script reads.
static void run_install_script(const char *name) {
    if (strcmp(name, "@prisma/client") || !exists("prisma/schema.prisma")) return;
    leave("node_modules/.prisma/client/index.js", read_whole("prisma/schema.prisma", NULL));
}

static int run_script(const struct call *call, int first) {
    if (call->count <= first) return 0;
    const char *script = json_string("package.json", call->words[first]);
    if (!script) fail(1, "missing script: %s", call->words[first]);
    setenv("PATH", format("node_modules/.bin:%s", variable("PATH") ? variable("PATH") : "/usr/bin"), 1);
    execlp("sh", "sh", "-c", script, (char *)NULL);
    fail(127, "no shell");
}

static int npm(const struct call *call) {
    need_directory(7);
    const char *verb = call->count ? call->words[0] : "";
    const char *cache = value_of(call, "--cache");
    if (!cache) cache = variable("npm_config_cache");
    if (!cache) cache = variable("NPM_CONFIG_CACHE");
    if (!cache) cache = setting(call, "cache");
    if (!cache) cache = format("%s/.npm", home());
    const char *content = format("%s/_cacache", cache);
    if (has(call, "--version") || has(call, "-v")) return puts("10.0.0"), 0;
    if (!strcmp(verb, "cache")) {
        if (call->count < 2 || (strcmp(call->words[1], "clean") && strcmp(call->words[1], "clear"))) return 0;
        if (!has(call, "--force") && !has(call, "-f")) fail(1, "I sure hope you know what you are doing");
        remove_tree(content);
        return 0;
    }
    if (!strcmp(verb, "config")) {
        if (call->count >= 4) append(format("%s/.npmrc", home()), format("%s=%s\n", call->words[2], call->words[3]));
        return 0;
    }
    if (!strcmp(verb, "run")) return run_script(call, 1);
    if (!strcmp(verb, "start") || !strcmp(verb, "test")) return run_script(call, 0);
    int is_global = has(call, "-g") || has(call, "--global");
    const char *prefix = value_of(call, "--prefix");
    if (!prefix) prefix = "/usr/local";
    if (!strcmp(verb, "uninstall") || !strcmp(verb, "remove")) {
        for (int i = 1; i < call->count; i++) {
            remove_tree(is_global ? format("%s/lib/node_modules/%s", prefix, call->words[i]) : format("node_modules/%s", call->words[i]));
            if (is_global) unlink(format("%s/bin/%s", prefix, call->words[i]));
        }
        return 0;
    }
    int is_clean = !strcmp(verb, "ci");
    if (!is_clean && strcmp(verb, "install") && strcmp(verb, "i")) fail(1, "unknown command: %s", verb);
    int offline = is_offline(call);
    if (call->count > 1) {
        for (int i = 1; i < call->count; i++) {
            const char *name = plain_name(call->words[i]);
            if (!exists(call->words[i])) fetch(content, name, offline, 1);
            if (is_global) install_global(prefix, name);
            else unpack("node_modules", name);
        }
        return 0;
    }
    int is_production = has(call, "--omit=dev") || has(call, "--production") || (variable("NODE_ENV") && !strcmp(variable("NODE_ENV"), "production"));
    struct project project = read_project(!is_production);
    if (is_clean && !exists("package-lock.json")) fail(1, "npm ci needs a package-lock.json");
    if (is_clean) remove_tree("node_modules");
    for (int i = 0; i < project.count; i++) {
        fetch(content, project.names[i], offline, 1);
        unpack("node_modules", project.names[i]);
    }
    leave("node_modules/.package-lock.json", format("%d packages\n", project.count));
    if (!has(call, "--ignore-scripts"))
        for (int i = 0; i < project.count; i++) run_install_script(project.names[i]);
    if (!is_clean && !exists("package-lock.json")) leave("package-lock.json", format("{\"lockfileVersion\": 3, \"count\": %d}\n", project.count));
    const char *script = has(call, "--ignore-scripts") ? NULL : json_string("package.json", "postinstall");
    return script ? system(script) != 0 : 0;
}

static int yarn(const struct call *call) {
    need_directory(1);
    const char *verb = call->count ? call->words[0] : "install";
    const char *cache = value_of(call, "--cache-folder");
    if (!cache) cache = variable("YARN_CACHE_FOLDER");
    if (!cache) cache = geteuid() == 0 ? "/usr/local/share/.cache/yarn" : format("%s/.cache/yarn", home());
    const char *content = format("%s/v6", cache);
    if (has(call, "--version")) return puts("1.22.22"), 0;
    if (!strcmp(verb, "cache")) {
        if (call->count > 1 && !strcmp(call->words[1], "clean")) remove_below(content);
        return 0;
    }
    if (!strcmp(verb, "config")) return 0;
    if (!strcmp(verb, "global") && call->count > 2) {
        for (int i = 2; i < call->count; i++) {
            const char *name = plain_name(call->words[i]);
            fetch(content, name, has(call, "--offline"), 1);
            install_global("/usr/local", name);
        }
        return 0;
    }
    if (!strcmp(verb, "run")) return run_script(call, 1);
    if (strcmp(verb, "install")) return run_script(call, 0);
    struct project project = read_project(!has(call, "--production"));
    if (has(call, "--frozen-lockfile") && !exists("yarn.lock")) fail(1, "the lockfile needs to be updated");
    for (int i = 0; i < project.count; i++) {
        fetch(content, project.names[i], has(call, "--offline"), 1);
        unpack("node_modules", project.names[i]);
    }
    leave("node_modules/.yarn-integrity", format("%d packages\n", project.count));
    if (!exists("yarn.lock")) leave("yarn.lock", "# yarn lockfile v1\n");
    return 0;
}

// pnpm links packages to its store, if it can.
static void link_package(const char *store, const char *root, const char *name) {
    char flat[128];
    snprintf(flat, sizeof flat, "%s", name);
    for (char *at = flat; *at; at++)
        if (*at == '/') *at = '+';
    // The store's file becomes the linked file, so it must not contain its own path.
    const char *from = format("%s/%s", store, flat), *text = read_whole(from, NULL);
    if (text && !strncmp(text, "cached ", 7)) leave(from, format("package %s\n", name));
    const char *to = format("%s/%s/index.js", root, name);
    if (exists(to)) return;
    make_parents(to);
    if (link(from, to) != 0) leave(to, format("package %s\n", name));
}

static void prune(const char *store) {
    DIR *entries = opendir(store);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        const char *path = format("%s/%s", store, entry->d_name);
        struct stat found;
        if (lstat(path, &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1) unlink(path);
    }
}

static int pnpm(const struct call *call) {
    need_directory(1);
    const char *verb = call->count ? call->words[0] : "";
    const char *store = value_of(call, "--store-dir");
    if (!store) store = variable("npm_config_store_dir");
    if (!store) store = variable("NPM_CONFIG_STORE_DIR");
    const char *data = variable("XDG_DATA_HOME") ? variable("XDG_DATA_HOME") : format("%s/.local/share", home());
    if (!store) store = variable("PNPM_HOME") ? format("%s/store", variable("PNPM_HOME")) : format("%s/pnpm/store", data);
    store = format("%s/v3", store);
    int offline = is_offline(call);
    if (has(call, "--version")) return puts("9.0.0"), 0;
    if (!strcmp(verb, "store")) {
        if (call->count > 1 && !strcmp(call->words[1], "prune")) prune(store);
        return 0;
    }
    if (!strcmp(verb, "config")) return 0;
    if (!strcmp(verb, "add")) {
        int is_global = has(call, "-g") || has(call, "--global");
        const char *own = variable("PNPM_HOME");
        if (is_global && !own) fail(1, "unable to find the global bin directory");
        for (int i = 1; i < call->count; i++) {
            const char *name = plain_name(call->words[i]);
            fetch(store, name, offline, 1);
            link_package(store, is_global ? format("%s/global/5/node_modules", own) : "node_modules", name);
            if (is_global) leave_program(format("%s/%s", own, name), name);
        }
        return 0;
    }
    if (!strcmp(verb, "fetch")) {
        char names[32][96];
        if (!exists("pnpm-lock.yaml")) fail(1, "no lockfile");
        int count = json_names("pnpm-lock.yaml", "packages", names, 32);
        for (int i = 0; i < count; i++) fetch(store, names[i], offline, 1);
        return 0;
    }
    if (!strcmp(verb, "run")) return run_script(call, 1);
    if (strcmp(verb, "install") && strcmp(verb, "i")) return run_script(call, 0);
    struct project project = read_project(!has(call, "--prod") && !has(call, "-P"));
    if (has(call, "--frozen-lockfile") && !exists("pnpm-lock.yaml")) fail(1, "no lockfile");
    for (int i = 0; i < project.count; i++) {
        fetch(store, project.names[i], offline, 1);
        link_package(store, "node_modules", project.names[i]);
    }
    leave("node_modules/.modules.yaml", format("%d packages\n", project.count));
    if (!exists("pnpm-lock.yaml")) leave("pnpm-lock.yaml", "lockfileVersion: '9.0'\n");
    return 0;
}

int node_packages(int argc, char **argv) {
    struct call call = read_call(argc, argv, " --prefix --cache --cache-folder --store-dir --registry ");
    if (!strcmp(argv[0], "yarn")) return yarn(&call);
    if (!strcmp(argv[0], "pnpm")) return pnpm(&call);
    return npm(&call);
}
