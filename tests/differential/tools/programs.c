// Everything that is not a package manager: accounts, downloads, interpreters, a background
// service.
#include "stubs.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

// --- accounts ---

// The UID or GID of a name in /etc/passwd or /etc/group; -1 if it does not exist.
static int number_of(const char *file, const char *name) {
    const char *text = read_whole(file, NULL), *line = text ? text : "";
    size_t length = strlen(name);
    for (; *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : "") {
        if (strncmp(line, name, length) || line[length] != ':') continue;
        const char *second = strchr(line + length + 1, ':');
        return second ? atoi(second + 1) : -1;
    }
    return -1;
}

static int next_number(const char *file) {
    const char *text = read_whole(file, NULL), *line = text ? text : "";
    int most = 999;
    for (; *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : "") {
        const char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;
        int number = second ? atoi(second + 1) : 0;
        if (number > most && number < 60000) most = number;
    }
    return most + 1;
}

int accounts(int argc, char **argv) {
    struct call call = read_call(argc, argv, " -u --uid -g --gid -G --groups -d --home --home-dir -s --shell -h --gecos -c --comment --ingroup ");
    if (geteuid() != 0) fail(1, "%s: permission denied", argv[0]);
    if (!call.count) fail(2, "usage: %s NAME", argv[0]);
    const char *name = call.words[call.count - 1], *number = value_of(&call, "-u");
    if (!number) number = value_of(&call, "--uid");
    const char *group = value_of(&call, "-g");
    if (!group) group = value_of(&call, "--gid");
    if (!strcmp(argv[0], "groupadd") || !strcmp(argv[0], "addgroup")) {
        if (number_of("/etc/group", name) >= 0) fail(9, "group %s already exists", name);
        int own = group ? atoi(group) : next_number("/etc/group");
        append("/etc/group", format("%s:x:%d:\n", name, own));
        return 0;
    }
    if (!strcmp(argv[0], "usermod") || !strcmp(argv[0], "userdel")) {
        if (number_of("/etc/passwd", name) < 0) fail(6, "user %s does not exist", name);
        append("/etc/changes", format("%s %s\n", argv[0], name));
        return 0;
    }
    if (number_of("/etc/passwd", name) >= 0) fail(9, "user %s already exists", name);
    int own = number ? atoi(number) : next_number("/etc/passwd"), own_group = own;
    if (group) own_group = isdigit((unsigned char)*group) ? atoi(group) : number_of("/etc/group", group);
    if (own_group < 0) fail(6, "group %s does not exist", group);
    if (!group) append("/etc/group", format("%s:x:%d:\n", name, own_group));
    const char *directory = value_of(&call, "-d");
    if (!directory) directory = value_of(&call, "--home-dir");
    if (!directory) directory = value_of(&call, "-h");
    if (!directory) directory = format("/home/%s", name);
    append("/etc/passwd", format("%s:x:%d:%d::%s:/bin/sh\n", name, own, own_group, directory));
    int makes_home = !strcmp(argv[0], "adduser") ? !has(&call, "-H") && !has(&call, "--no-create-home") : has(&call, "-m") || has(&call, "--create-home");
    if (makes_home && make_directories(directory) == 0 && chown(directory, (uid_t)own, (gid_t)own_group)) return 1;
    if (!has(&call, "--no-log-init") && !has(&call, "-l")) append("/var/log/lastlog", format("%d\n", own));
    return 0;
}

// --- downloads ---

// The content at a URL.
static char *content_of(const char *address, size_t *length) {
    const char *name = strrchr(address, '/') ? strrchr(address, '/') + 1 : address;
    size_t end = strlen(name);
    const char *text;
    if (strstr(address, "nosuch")) fail(22, "the requested URL returned error: 404");
    if (end > 7 && !strcmp(name + end - 7, ".tar.gz")) return read_whole("/.tools/archive.tar.gz", length);
    if (end > 4 && !strcmp(name + end - 4, ".deb")) text = "!<arch> downloaded\n";
    else if (end > 4 && !strcmp(name + end - 4, ".zip")) text = "PK downloaded\n";
    else if (end > 3 && !strcmp(name + end - 3, ".sh"))
        text = "#!/bin/sh\n# downloaded\nmkdir -p /opt/tool && echo installed > /opt/tool/from-script\necho \"script ran $1\"\n";
    else text = format("downloaded %s\n", name);
    *length = strlen(text);
    return strdup(text);
}

static int unzip(const struct call *call) {
    for (int i = 0; i < call->count; i++) {
        const char *text = read_whole(call->words[i], NULL), *to = value_of(call, "-d");
        if (!text || strncmp(text, "PK", 2)) fail(9, "cannot find or open %s", call->words[i]);
        leave(format("%s/from-zip", to ? to : "."), "unzipped\n");
    }
    return 0;
}

// Whether a bundle of short options contains this letter. The argument after the bundle is the
// value of its last letter.
static const char *short_option(int argc, char **argv, char letter, int *is_there) {
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' || argv[i][1] == '-') continue;
        const char *at = strchr(argv[i] + 1, letter);
        if (!at) continue;
        *is_there = 1;
        return at[1] ? at + 1 : i + 1 < argc ? argv[i + 1] : NULL;
    }
    return NULL;
}

int downloads(int argc, char **argv) {
    int is_wget = !strcmp(argv[0], "wget"), is_named = 0, is_remote = is_wget, is_placed = 0;
    if (!strcmp(argv[0], "unzip")) {
        struct call call = read_call(argc, argv, " -d ");
        return unzip(&call);
    }
    const char *out = short_option(argc, argv, is_wget ? 'O' : 'o', &is_named), *directory = NULL;
    if (is_wget) directory = short_option(argc, argv, 'P', &is_placed);
    else short_option(argc, argv, 'O', &is_remote);
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], "--output") || !strcmp(argv[i], "--output-document")) is_named = 1, out = argv[i + 1];
    for (int i = 1; i < argc; i++) {
        if (!strstr(argv[i], "://")) continue;
        size_t length;
        char *data = content_of(argv[i], &length);
        const char *path = is_named ? out : NULL;
        if (!is_named && is_remote) {
            path = strrchr(argv[i], '/') + 1;
            if (directory) make_directories(directory), path = format("%s/%s", directory, path);
            if (is_wget && exists(path)) path = format("%s.1", path);
        }
        if (!path || !strcmp(path, "-")) {
            if (fwrite(data, 1, length, stdout) != length) return 23;
        } else if (write_whole(path, data, length, 0644) != 0) {
            fail(23, "failed to open the file %s", path);
        }
    }
    return 0;
}

// --- interpreters ---

static int is_installed(const char *interpreter, const char *name) {
    if (!strcmp(interpreter, "node")) {
        char path[PATH_MAX];
        if (!getcwd(path, sizeof path)) return 0;
        for (;;) {
            if (exists(format("%s/node_modules/%s", path, name))) return 1;
            char *slash = strrchr(path, '/');
            if (!slash) break;
            *slash = 0;
        }
        return exists(format("/usr/local/lib/node_modules/%s", name));
    }
    const char *sites[] = {"/usr/local/lib/python3.12/site-packages", ".venv/lib/python3.12/site-packages", "/opt/venv/lib/python3.12/site-packages",
                           format("%s/.local/lib/python3.12/site-packages", home())};
    for (size_t i = 0; i < 4; i++)
        if (exists(format("%s/%s", sites[i], name))) return 1;
    return 0;
}

// Runs a source file: checks that required modules are installed, reads the files that it opens,
// writes those that it writes.
static int run_source(const char *interpreter, const char *path) {
    char *text = read_whole(path, NULL);
    if (!text) fail(2, "can't open file %s", path);
    char *rest;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char name[128], other[128];
        if (sscanf(line, "require('%127[^']')", name) == 1 || sscanf(line, "import %127s", name) == 1) {
            if (!is_installed(interpreter, name)) fail(1, "cannot find module %s", name);
        } else if (sscanf(line, "show('%127[^']')", name) == 1) {
            const char *found = read_whole(name, NULL);
            printf("%s: %s", name, found ? found : "missing\n");
        } else if (sscanf(line, "write('%127[^']', '%127[^']')", name, other) == 2) {
            leave(name, format("%s\n", other));
        }
    }
    printf("%s ran %s\n", interpreter, path);
    return 0;
}

int interpreter(int argc, char **argv) {
    if (argc > 2 && !strcmp(argv[1], "-m") && !strcmp(argv[2], "pip")) {
        argv[2] = (char *)"pip";
        return python_packages(argc - 2, argv + 2);
    }
    if (argc > 3 && !strcmp(argv[1], "-m") && !strcmp(argv[2], "venv")) {
        leave(format("%s/pyvenv.cfg", argv[3]), "home = /usr/local\n");
        leave_program(format("%s/bin/python", argv[3]), "python");
        leave_program(format("%s/bin/pip", argv[3]), "pip");
        return 0;
    }
    if (argc > 1 && argv[1][0] != '-') return run_source(argv[0], argv[1]);
    printf("%s %s\n", argv[0], argc > 1 ? argv[1] : "");
    return 0;
}

// --- a service ---

// An abstract socket: with a socket file, it would depend on timing whether a server leaves one.
static int open_socket(struct sockaddr_un *address, socklen_t *length) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "\0redis"};
    *length = offsetof(struct sockaddr_un, sun_path) + 6;
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int is_running(void) {
    struct sockaddr_un address;
    socklen_t length;
    int fd = open_socket(&address, &length);
    int is_there = connect(fd, (struct sockaddr *)&address, length) == 0;
    close(fd);
    return is_there;
}

int service(int argc, char **argv) {
    if (!strcmp(argv[0], "redis-cli")) {
        // Waits a moment for a server that is just starting.
        for (int i = 0; i < 40 && !is_running(); i++) nanosleep(&(struct timespec){0, 2000000}, NULL);
        if (!is_running()) fail(1, "could not connect: connection refused");
        puts("PONG");
        return 0;
    }
    if (argc > 1 && !strcmp(argv[1], "--daemonize") && fork() > 0) {
        for (int i = 0; i < 100 && !is_running(); i++) nanosleep(&(struct timespec){0, 1000000}, NULL);
        return 0;
    }
    struct sockaddr_un address;
    socklen_t length;
    int fd = open_socket(&address, &length);
    // A second server exits without a message, since it would depend on timing whether the message
    // appears.
    if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 100) != 0) return 1;
    for (;;) pause();
}
