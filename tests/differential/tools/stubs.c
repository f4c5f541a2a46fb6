// The one program for all stubs, selected by the name that it is called by, and the functions that
// they share.
#include "stubs.h"

struct call read_call(int argc, char **argv, const char *valued) {
    struct call call = {.argc = argc, .argv = argv};
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1]) {
            const char *spaced = format(" %s ", argv[i]);
            if (strstr(valued, spaced)) i++;
            continue;
        }
        if (call.count < 64) call.words[call.count++] = argv[i];
    }
    return call;
}

int has(const struct call *call, const char *option) {
    for (int i = 1; i < call->argc; i++)
        if (!strcmp(call->argv[i], option)) return 1;
    return 0;
}

const char *value_of(const struct call *call, const char *option) {
    size_t length = strlen(option);
    for (int i = 1; i < call->argc; i++) {
        if (!strcmp(call->argv[i], option) && i + 1 < call->argc) return call->argv[i + 1];
        if (!strncmp(call->argv[i], option, length) && call->argv[i][length] == '=') return call->argv[i] + length + 1;
    }
    return NULL;
}

void fail(int status, const char *text, ...) {
    va_list arguments;
    va_start(arguments, text);
    vfprintf(stderr, text, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(status);
}

const char *format(const char *text, ...) {
    char *made;
    va_list arguments;
    va_start(arguments, text);
    if (vasprintf(&made, text, arguments) < 0) abort();
    va_end(arguments);
    return made;
}

const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

int is_on(const char *name) {
    const char *value = variable(name);
    return value && strcmp(value, "0") && strcasecmp(value, "false") && strcasecmp(value, "off") && strcasecmp(value, "no");
}

const char *home(void) {
    const char *value = variable("HOME");
    return value ? value : "/root";
}

int exists(const char *path) {
    struct stat found;
    return stat(path, &found) == 0;
}

void leave(const char *path, const char *text) {
    make_parents(path);
    if (write_whole(path, text, strlen(text), 0644) != 0) fail(1, "%s: %s", path, strerror(errno));
}

void append(const char *path, const char *text) {
    make_parents(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) fail(1, "%s: %s", path, strerror(errno));
    close(fd);
}

void leave_program(const char *path, const char *name) {
    make_parents(path);
    unlink(path);
    const char *tool = format("/.tools/bin/%s", name);
    if (symlink(exists(tool) ? tool : "/.tools/bin/program", path) != 0) fail(1, "%s: %s", path, strerror(errno));
}

void need_directory(int status) {
    char path[PATH_MAX];
    if (!getcwd(path, sizeof path)) fail(status, "the working directory is gone");
}

void fetch(const char *cache, const char *name, int is_offline, int is_kept) {
    char flat[128];
    snprintf(flat, sizeof flat, "%s", name);
    for (char *at = flat; *at; at++)
        if (*at == '/') *at = '+';
    const char *path = format("%s/%s", cache, flat);
    if (exists(path)) return;
    if (is_offline || getenv("NETWORK_IS_OFF")) fail(1, "%s is not in the cache, and there is no network", name);
    if (!strncmp(name, "nosuch", 6)) fail(1, "%s is not known", name);
    if (!is_kept) return;
    // A cache that can't be written causes only a warning.
    make_parents(path);
    // The cached file contains its own path, so that a script's copy of it does not count as
    // cached.
    if (write_whole(path, "", 0, 0644) != 0) return;
    const char *text = format("cached %s at %s\n", name, realpath(path, NULL));
    write_whole(path, text, strlen(text), 0644);
}

const char *plain_name(const char *package) {
    char *name = strdup(package);
    size_t start = name[0] == '@' ? 1 : 0;
    for (char *at = name + start; *at; at++)
        if (strchr("=<>~![@;: \t\r", *at)) *at = 0;
    return name;
}

static int add(char names[][96], int count, int most, const char *start, size_t length) {
    if (count >= most || length == 0 || length > 95) return count;
    memcpy(names[count], start, length);
    names[count][length] = 0;
    return count + 1;
}

int json_names(const char *path, const char *key, char names[][96], int most) {
    const char *text = read_whole(path, NULL);
    if (!text) return 0;
    const char *at = strstr(text, format("\"%s\"", key));
    int count = 0;
    if (!at || !(at = strchr(at, '{'))) return 0;
    const char *end = strchr(at, '}');
    while (end && (at = strchr(at + 1, '"')) && at < end) {
        const char *close = strchr(at + 1, '"');
        count = add(names, count, most, at + 1, (size_t)(close - at - 1));
        // Skips the value.
        at = strchr(close + 1, '"');
        if (!at || !(at = strchr(at + 1, '"'))) break;
    }
    return count;
}

int line_names(const char *path, char names[][96], int most) {
    char *text = read_whole(path, NULL);
    int count = 0;
    for (char *line = text ? strtok(text, "\n") : NULL; line; line = strtok(NULL, "\n")) {
        while (isspace((unsigned char)*line)) line++;
        if (*line == '#' || *line == '-' || !*line) continue;
        const char *name = plain_name(line);
        count = add(names, count, most, name, strlen(name));
    }
    return count;
}

int table_names(const char *path, const char *table, char names[][96], int most) {
    char *text = read_whole(path, NULL);
    int count = 0, is_inside = 0;
    for (char *line = text ? strtok(text, "\n") : NULL; line; line = strtok(NULL, "\n")) {
        if (*line == '[') is_inside = !strcmp(line, format("[%s]", table));
        else if (is_inside && strchr(line, '=')) count = add(names, count, most, line, strcspn(line, " ="));
    }
    return count;
}

const char *json_string(const char *path, const char *key) {
    const char *text = read_whole(path, NULL), *at = text ? strstr(text, format("\"%s\":", key)) : NULL;
    if (!at || !(at = strchr(at + strlen(key) + 3, '"'))) return NULL;
    return format("%.*s", (int)strcspn(at + 1, "\""), at + 1);
}

// An installed program, which only prints its words.
static int program(int argc, char **argv) {
    printf("%s", argv[0]);
    for (int i = 1; i < argc; i++) printf(" %s", argv[i]);
    puts(" ran");
    return 0;
}

int main(int argc, char **argv) {
    static const struct {
        const char *names;
        int (*run)(int, char **);
    } all[] = {
        {" apt-get apt dpkg apk dnf ", system_packages},
        {" npm yarn pnpm ", node_packages},
        {" pip pip3 uv ", python_packages},
        {" cargo go gem ", compiled_packages},
        {" useradd adduser groupadd addgroup usermod userdel ", accounts},
        {" curl wget unzip ", downloads},
        {" node python python3 ruby ", interpreter},
        {" redis-server redis-cli ", service},
    };
    char *slash = strrchr(argv[0], '/');
    if (slash) argv[0] = slash + 1;
    const char *name = format(" %s ", argv[0]);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strstr(all[i].names, name)) return all[i].run(argc, argv);
    return program(argc, argv);
}
