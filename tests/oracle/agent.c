// The only program in the throwaway root besides the shells. The name that it is called by selects
// one of three roles: the server that prepares the root and runs scripts in it, the helper that
// `cd` calls, and the stub that replaces every command. It is one static binary because the oracle
// spends most of its time starting processes.
#define _GNU_SOURCE
#include "server.h"
#include <poll.h>
#include <sys/ioctl.h>

#define STUB "/.oracle/agent"
#define MOST_TRACE (512 * 1024)

static void put_string(struct buffer *to, const char *text) { put_bytes(to, text, strlen(text)); }

static struct buffer read_buffer(const char *path) {
    struct buffer all = {0};
    all.data = read_whole(path, &all.length);
    return all;
}

// Exits if the file system is full: the rest of the run would be compared with an incomplete
// record.
static void write_or_end(const char *path, const char *data, size_t length) {
    if (write_whole(path, data, length, 0644) != 0 && errno == ENOSPC) _exit(98);
}

static void make_stub(const char *path) {
    make_parents(path);
    if (symlink(STUB, path) != 0 && errno != EEXIST) return;
}

// Creates the stubs that scripts call by relative paths, below a directory.
static void make_relative(const char *directory) {
    struct buffer names = read_buffer("/.run/relative");
    for (size_t at = 0; at < names.length; at += strlen(names.data + at) + 1) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", directory, names.data + at);
        make_stub(path);
    }
    free(names.data);
}

// --- the stub ---

static int is_declared_option(const char *word) {
    static const char *all[] = {"--no-cache-dir", "--no-cache", "--no-cach", "--no-log-init", "--pip-args=--no-cache-dir", "-y", "--force", "--progress=dot:giga"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(word, all[i])) return 1;
    return 0;
}

// Whether this call is the one that must fail: the directory and the words are the same, not
// counting options that may be added and with apt like apt-get, and the number of such calls before it is right.
static int chosen_to_fail(const char *cwd, int argc, char **argv) {
    struct buffer wanted = read_buffer("/.run/fault");
    if (wanted.length < sizeof(uint32_t)) return 0;
    struct buffer own = {0};
    put(&own, cwd, strlen(cwd) + 1);
    for (int i = 0; i < argc; i++)
        if (!is_declared_option(argv[i])) {
            const char *word = strcmp(argv[i], "apt") ? argv[i] : "apt-get";
            put(&own, word, strlen(word) + 1);
        }
    uint32_t occurrence;
    memcpy(&occurrence, wanted.data, sizeof occurrence);
    if (own.length != wanted.length - sizeof occurrence || memcmp(own.data, wanted.data + sizeof occurrence, own.length)) return 0;
    int fd = open("/.run/count", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, "x", 1) != 1) return 0;
    return lseek(fd, 0, SEEK_CUR) == (off_t)occurrence + 1;
}

static int compare_strings(const void *left, const void *right) { return strcmp(*(char *const *)left, *(char *const *)right); }

static int is_shell_state(const char *variable) {
    static const char *all[] = {"PWD=", "OLDPWD=", "SHLVL=", "_="};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strncmp(variable, all[i], strlen(all[i]))) return 1;
    return 0;
}

static int stub(int argc, char **argv) {
    struct stat in;
    int waiting = 0;
    if (fstat(0, &in) == 0 && S_ISFIFO(in.st_mode)) {
        // Waits until the writer of the pipe has finished. Then the records of a pipeline have a
        // fixed order, and no writer is killed by SIGPIPE because this stub was faster. The bytes
        // stay in the pipe for the next reader.
        struct pollfd writer = {.fd = 0, .events = 0};
        poll(&writer, 1, 3000);
        ioctl(0, FIONREAD, &waiting);
    }
    char cwd[PATH_MAX] = "?", out[PATH_MAX] = "";
    if (!getcwd(cwd, sizeof cwd)) strcpy(cwd, "?");
    struct stat to;
    if (fstat(1, &to) == 0 && !S_ISFIFO(to.st_mode)) {
        ssize_t length = readlink("/proc/self/fd/1", out, sizeof out - 1);
        out[length > 0 ? length : 0] = 0;
    } else {
        strcpy(out, "|");
    }
    char numbers[64];
    mode_t mask = umask(0);
    snprintf(numbers, sizeof numbers, "umask %03o, %d bytes in", (unsigned)mask, waiting);
    int variables = 0, kept = 0;
    while (environ[variables]) variables++;
    char **sorted = calloc((size_t)variables + 1, sizeof *sorted);
    for (int i = 0; i < variables; i++)
        if (!is_shell_state(environ[i])) sorted[kept++] = environ[i];
    qsort(sorted, (size_t)kept, sizeof *sorted, compare_strings);
    struct buffer record = {0};
    put_string(&record, cwd);
    put_string(&record, out);
    put_string(&record, numbers);
    put_number(&record, (uint32_t)argc);
    for (int i = 0; i < argc; i++) put_string(&record, argv[i]);
    put_number(&record, (uint32_t)kept);
    for (int i = 0; i < kept; i++) put_string(&record, sorted[i]);
    int fd = open("/.run/trace", O_WRONLY | O_APPEND | O_CLOEXEC);
    struct stat trace;
    if (fd < 0 || fstat(fd, &trace) != 0) return 97;
    if (trace.st_size > MOST_TRACE) {
        // An endless loop.
        kill(1, SIGUSR1);
        for (;;) pause();
    }
    if (write(fd, record.data, record.length) != (ssize_t)record.length) return 97;
    return chosen_to_fail(cwd, argc, argv);
}

// Before the shell changes the directory, creates it, since the commands that would have created it
// are stubs.
static int change_directory(int argc, char **argv) {
    argv[0] = "cd";
    int status = stub(argc, argv);
    if (status != 0) return status;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' || argv[i][0] == 0) continue;
        make_directories(argv[i]);
        make_relative(argv[i]);
    }
    return 0;
}

// --- the server ---

static int is_own(const char *path) {
    return !strcmp(path, "/.oracle") || !strcmp(path, "/dev") || !strcmp(path, "/proc") || !strcmp(path, "/.run");
}

// Records every regular file below a directory with a checksum, sorted by name, or removes
// everything.
static void walk(const char *directory, struct buffer *notes) {
    struct dirent **entries;
    int count = scandir(*directory ? directory : "/", &entries, NULL, notes ? alphasort : NULL);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", directory, name);
        struct stat is;
        if (strcmp(name, ".") && strcmp(name, "..") && (!is_own(path) || (!notes && !strcmp(path, "/.run"))) && lstat(path, &is) == 0) {
            if (S_ISDIR(is.st_mode)) {
                walk(path, notes);
                if (!notes) rmdir(path);
            } else if (!notes) {
                unlink(path);
            } else if (S_ISREG(is.st_mode)) {
                struct buffer content = read_buffer(path);
                uint64_t sum = 14695981039346656037u;
                for (size_t at = 0; at < content.length; at++) sum = (sum ^ (unsigned char)content.data[at]) * 1099511628211u;
                char line[PATH_MAX + 64];
                snprintf(line, sizeof line, "%s %zu bytes, %016lx\n", path, content.length, (unsigned long)sum);
                put(notes, line, strlen(line));
                free(content.data);
            }
        }
        free(entries[i]);
    }
    if (count >= 0) free(entries);
}

static void reset(void) {
    walk("", NULL);
    static const char *made[] = {"/.run", "/usr/bin", "/usr/local/bin", "/usr/local/sbin", "/etc", "/tmp", "/root", "/opt", "/home", "/var", "/srv"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) make_directories(made[i]);
    if (symlink("usr/bin", "/bin") || symlink("usr/bin", "/sbin") || symlink("bin", "/usr/sbin")) give_up("symlink");
}

static void start(const char *cwd, char **argv, char **env) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int in = open("/dev/null", O_RDONLY), out = open("/.run/out", O_WRONLY | O_CREAT | O_APPEND, 0644), log = open("/dev/null", O_WRONLY);
    if (in < 0 || out < 0 || log < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(log, 2) < 0) _exit(96);
    for (int fd = 3; fd < 64; fd++) close(fd);
    umask(022);
    setsid();
    if (chdir(cwd) != 0) _exit(95);
    execve(argv[0], argv, env);
    _exit(94);
}

// Runs one script until it and its background processes end. Returns -1 if that takes too long.
static int run(const char *cwd, char **argv, char **env, int64_t limit) {
    int64_t deadline = now() + limit;
    pid_t shell = fork();
    if (shell < 0) give_up("fork");
    if (shell == 0) start(cwd, argv, env);
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGUSR1);
    int status = 0, late = 0;
    for (;;) {
        int ended;
        pid_t pid = waitpid(-1, &ended, WNOHANG);
        if (pid == shell) status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
        if (pid > 0) continue;
        if (pid < 0) break;
        int64_t left = deadline - now();
        if (late || left <= 0) {
            late = 1;
            kill(-1, SIGKILL);
            left = 1000;
        }
        struct timespec pause = {left / 1000, left % 1000 * 1000000};
        if (sigtimedwait(&wanted, NULL, &pause) == SIGUSR1) late = 1;
    }
    return late ? -1 : status;
}

static void serve(void) {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGCHLD);
    sigaddset(&held, SIGUSR1);
    sigprocmask(SIG_BLOCK, &held, NULL);
    for (;;) {
        uint32_t limit = take_number(), length;
        reset();
        char *fault = take_string(&length);
        if (length) write_or_end("/.run/fault", fault, length);
        free(fault);
        char **stubs = take_strings(), **files = take_strings(), **directories = take_strings();
        for (char **one = directories; *one; one++) make_directories(*one);
        free_strings(directories);
        for (char **one = stubs; *one; one++) make_stub(*one);
        for (char **one = files; *one; one++) {
            make_parents(*one);
            if (access(*one, F_OK) != 0) write_or_end(*one, "", 0);
        }
        uint32_t size;
        char *relative = take_string(&size);
        write_or_end("/.run/relative", relative, size);
        write_or_end("/.run/trace", "", 0);
        free(relative);
        free_strings(stubs);
        free_strings(files);
        uint32_t runs = take_number(), done = 0;
        int status = 0;
        struct buffer ends = {0};
        for (uint32_t i = 0; i < runs; i++) {
            char *cwd = take_string(NULL), **argv = take_strings(), **env = take_strings();
            if (status == 0) {
                make_directories(cwd);
                if (chdir(cwd) == 0) make_relative(".");
                if (chdir("/") != 0) give_up("chdir");
                status = run(cwd, argv, env, limit);
                struct stat trace;
                put_number(&ends, stat("/.run/trace", &trace) == 0 ? (uint32_t)trace.st_size : 0);
                done++;
            }
            free(cwd);
            free_strings(argv);
            free_strings(env);
        }
        struct buffer all = {0}, notes = {0}, trace = read_buffer("/.run/trace"), out = read_buffer("/.run/out");
        walk("", &notes);
        put_number(&all, (uint32_t)status);
        put_number(&all, done);
        put(&all, ends.data, ends.length);
        put_bytes(&all, trace.data, trace.length);
        put_bytes(&all, out.data, out.length);
        put_bytes(&all, notes.data, notes.length);
        answer(&all);
        free(notes.data), free(trace.data), free(out.data), free(ends.data);
    }
}

static void write_map(const char *path, const char *text) {
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) give_up(path);
    close(fd);
}

// Prepares the root in its own namespaces: a script can't reach files, processes or the network
// outside.
static void prepare(const char *root, const char *tools) {
    uid_t user = geteuid();
    gid_t group = getegid();
    if (unshare((user ? CLONE_NEWUSER : 0) | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) != 0) give_up("unshare");
    if (user) {
        char map[64];
        write_map("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "0 %u 1", (unsigned)user);
        write_map("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "0 %u 1", (unsigned)group);
        write_map("/proc/self/gid_map", map);
    }
    become_first_process();
    enter_empty_root(root);
    mount_read_only(tools, ".oracle");
    mkdir("proc", 0755);
    mount_or_give_up("proc", "proc", "proc", 0);
    mount_or_give_up("none", "proc", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY);
    make_devices("dev");
    mount_or_give_up("none", "dev", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY);
    if (chroot(".") != 0 || chdir("/") != 0) give_up("chroot");
}

int main(int argc, char **argv) {
    if (argc == 4 && !strcmp(argv[1], "--serve-the-oracle")) {
        prepare(argv[2], argv[3]);
        serve();
    }
    if (argc > 0 && !strcmp(argv[0], "/.oracle/cd")) return change_directory(argc, argv);
    return stub(argc, argv);
}
