// Package managers of distributions: apt-get, dpkg, apk, dnf. They have an index that installs
// need, a database, and packages with files and programs.
#include "stubs.h"

static void need_root(void) {
    if (geteuid() != 0) fail(100, "are you root?");
}

static void add_package(const char *name) {
    if (!strncmp(name, "nosuch", 6)) fail(100, "unable to locate package %s", name);
    leave(format("/usr/share/doc/%s/copyright", name), format("package %s\n", name));
    const char *line = format("%s\n", name), *known = read_whole("/var/lib/packages", NULL);
    if (!known || !strstr(known, line)) append("/var/lib/packages", line);
    if (!exists(format("/usr/bin/%s", name)) && !exists(format("/bin/%s", name))) leave_program(format("/usr/bin/%s", name), name);
}

static void remove_package(const char *name) {
    remove_tree(format("/usr/share/doc/%s", name));
    const char *line = format("%s\n", name);
    char *known = read_whole("/var/lib/packages", NULL), *at = known ? strstr(known, line) : NULL;
    if (!at) return;
    memmove(at, at + strlen(line), strlen(at + strlen(line)) + 1);
    leave("/var/lib/packages", known);
    unlink(format("/usr/bin/%s", name));
}

static int apt(const struct call *call) {
    const char *verb = call->count ? call->words[0] : "";
    static const char index[] = "/var/lib/apt/lists/deb.example.org_debian_Packages";
    need_root();
    if (!strcmp(verb, "update")) {
        if (mkdir("/var/lib/apt/lists", 0755) != 0 && errno != EEXIST) fail(100, "no directory for the lists");
        mkdir("/var/lib/apt/lists/partial", 0700);
        leave(index, "the index\n");
        make_directories("/var/cache/apt");
        leave("/var/cache/apt/pkgcache.bin", "cache\n");
        return 0;
    }
    if (!strcmp(verb, "install") || !strcmp(verb, "upgrade")) {
        int is_confirmed = 0;
        for (int i = 1; i < call->argc; i++) is_confirmed |= call->argv[i][0] == '-' && call->argv[i][1] != '-' && strchr(call->argv[i], 'y') != NULL;
        if (!is_confirmed && !has(call, "--yes") && !has(call, "--assume-yes") && call->count > 1) fail(1, "do you want to continue? Abort.");
        for (int i = 1; i < call->count; i++) {
            if (strchr(call->words[i], '/')) {
                if (!exists(call->words[i])) fail(100, "unsupported file %s", call->words[i]);
                add_package("from-file");
                continue;
            }
            if (!exists(index)) fail(100, "unable to locate package %s", call->words[i]);
            add_package(plain_name(call->words[i]));
        }
        append("/var/log/apt/history.log", "install\n");
        return 0;
    }
    if (!strcmp(verb, "remove") || !strcmp(verb, "purge") || !strcmp(verb, "autoremove")) {
        for (int i = 1; i < call->count; i++) remove_package(call->words[i]);
        return 0;
    }
    if (!strcmp(verb, "clean") || !strcmp(verb, "autoclean")) {
        remove_below("/var/cache/apt");
        return 0;
    }
    fail(100, "invalid operation %s", verb);
}

static int dpkg(const struct call *call) {
    need_root();
    if (!has(call, "-i") && !has(call, "--install")) return 0;
    for (int i = 0; i < call->count; i++) {
        const char *text = read_whole(call->words[i], NULL);
        if (!text || strncmp(text, "!<arch>", 7)) fail(1, "cannot access archive %s", call->words[i]);
        add_package("from-file");
    }
    return 0;
}

static int apk(const struct call *call) {
    static const char index[] = "/var/cache/apk/APKINDEX.0123.tar.gz";
    const char *verb = call->count ? call->words[0] : "";
    int fetches = has(call, "--no-cache") || has(call, "-U") || has(call, "--update") || has(call, "--update-cache");
    if (geteuid() != 0) fail(99, "Unable to lock database: Permission denied");
    if (!strcmp(verb, "update") || ((has(call, "-U") || has(call, "--update") || has(call, "--update-cache")) && !has(call, "--no-cache"))) {
        if (!has(call, "--no-cache")) leave(index, "the index\n");
        if (!strcmp(verb, "update")) return 0;
    }
    if (!strcmp(verb, "add") || !strcmp(verb, "upgrade")) {
        if (!fetches && !exists(index) && call->count > 1) fail(1, "unable to select packages");
        const char *group = value_of(call, "--virtual");
        if (!group) group = value_of(call, "-t");
        for (int i = 1; i < call->count; i++) {
            add_package(plain_name(call->words[i]));
            if (group) append(format("/lib/apk/db/%s", group), format("%s\n", call->words[i]));
        }
        return 0;
    }
    if (!strcmp(verb, "del")) {
        for (int i = 1; i < call->count; i++) {
            const char *group = format("/lib/apk/db/%s", call->words[i]);
            char *names = read_whole(group, NULL);
            if (names) unlink(group);
            else names = strdup(call->words[i]);
            for (char *name = strtok(names, "\n"); name; name = strtok(NULL, "\n")) remove_package(name);
        }
        return 0;
    }
    fail(1, "%s is not an apk command", verb);
}

static int dnf(const struct call *call) {
    const char *verb = call->count ? call->words[0] : "";
    need_root();
    if (!strcmp(verb, "clean")) {
        remove_below("/var/cache/dnf");
        return 0;
    }
    if (!strcmp(verb, "install") || !strcmp(verb, "makecache")) {
        if ((has(call, "-C") || has(call, "--cacheonly")) && !exists("/var/cache/dnf/repomd.xml")) fail(1, "cache-only enabled but no cache");
        leave("/var/cache/dnf/repomd.xml", "the index\n");
        for (int i = 1; i < call->count; i++) add_package(plain_name(call->words[i]));
        return 0;
    }
    for (int i = 1; i < call->count; i++) remove_package(call->words[i]);
    return 0;
}

int system_packages(int argc, char **argv) {
    struct call call = read_call(argc, argv, " -o -t --target-release --virtual -c --repository -X ");
    if (!strcmp(argv[0], "apk")) return apk(&call);
    if (!strcmp(argv[0], "dnf")) return dnf(&call);
    if (!strcmp(argv[0], "dpkg")) return dpkg(&call);
    return apt(&call);
}
