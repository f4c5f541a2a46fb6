// The server of the builder. It has its own namespaces, holds the file systems of all stages on one
// tmpfs, and handles the requests of `server.rs` on standard input: put a file, copy, run a script
// in a root, list a root.
#define _GNU_SOURCE
#include "server.h"
#include <fnmatch.h>
#include <grp.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#define NONE UINT32_MAX

struct owner {
    uint32_t user, group, mode;
};

static struct owner take_owner(void) {
    struct owner owner;
    owner.user = take_number(), owner.group = take_number(), owner.mode = take_number();
    return owner;
}

static char *root_path(uint32_t root) {
    static char path[32];
    snprintf(path, sizeof path, "/%u", root);
    return path;
}

// --- copying ---

static int own(const char *path, const struct stat *like, const struct owner *owner) {
    uid_t user = owner->user == NONE ? like->st_uid : owner->user;
    gid_t group = owner->group == NONE ? like->st_gid : owner->group;
    if (lchown(path, user, group) != 0) return -1;
    if (S_ISLNK(like->st_mode)) return 0;
    return chmod(path, (owner->mode == NONE ? like->st_mode : owner->mode) & 07777);
}

static int copy_file(int from, const char *to) {
    unlink(to);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0) return -1;
    char part[65536];
    ssize_t got;
    while ((got = read(from, part, sizeof part)) > 0)
        if (write(out, part, (size_t)got) != got) return close(out), -1;
    return close(out), got < 0 ? -1 : 0;
}

static int copy_below(int directory, const char *to, const struct owner *owner);

// Copies the entry `name` of a directory to the path `to`.
static int copy_entry(int directory, const char *name, const char *to, const struct owner *owner) {
    struct stat like;
    if (fstatat(directory, name, &like, AT_SYMLINK_NOFOLLOW) != 0) return -1;
    if (S_ISLNK(like.st_mode)) {
        char target[PATH_MAX];
        ssize_t length = readlinkat(directory, name, target, sizeof target - 1);
        if (length < 0) return -1;
        target[length] = 0;
        unlink(to);
        if (symlink(target, to) != 0) return -1;
        return own(to, &like, owner);
    }
    if (S_ISDIR(like.st_mode)) {
        struct stat there;
        if (lstat(to, &there) == 0 && !S_ISDIR(there.st_mode)) return errno = ENOTDIR, -1;
        if (mkdir(to, 0755) != 0 && errno != EEXIST) return -1;
        int inner = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (inner < 0 || copy_below(inner, to, owner) != 0) return -1;
        return own(to, &like, owner);
    }
    if (!S_ISREG(like.st_mode)) return 0;
    int from = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (from < 0) return -1;
    int status = copy_file(from, to);
    close(from);
    return status != 0 ? status : own(to, &like, owner);
}

// Copies everything in a directory into the directory `to`, and closes the former.
static int copy_below(int directory, const char *to, const struct owner *owner) {
    DIR *entries = strlen(to) < PATH_MAX / 2 ? fdopendir(directory) : NULL;
    if (!entries) return -1;
    int status = 0;
    for (struct dirent *entry; status == 0 && (entry = readdir(entries));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", to, entry->d_name);
        status = copy_entry(dirfd(entries), entry->d_name, path, owner);
    }
    closedir(entries);
    return status;
}

// Creates missing directories with this owner.
static int make_owned(const char *path, const struct owner *owner) {
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof part) return -1;
    memcpy(part, path, length + 1);
    for (size_t at = 1; at <= length; at++) {
        if (part[at] != '/' && part[at] != 0) continue;
        char was = part[at];
        part[at] = 0;
        struct stat there;
        if (stat(part, &there) != 0) {
            if (mkdir(part, 0755) != 0) return -1;
            if (chown(part, owner->user == NONE ? 0 : owner->user, owner->group == NONE ? 0 : owner->group) != 0) return -1;
        } else if (!S_ISDIR(there.st_mode)) {
            return errno = ENOTDIR, -1;
        }
        part[at] = was;
    }
    return 0;
}

static int open_in(int root, const char *path, int flags) {
    while (*path == '/') path++;
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT};
    return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
}

// One source without wildcards.
static int copy_source(int from, const char *source, const char *to, int into, const struct owner *owner) {
    struct stat like;
    int found = open_in(from, source, O_PATH);
    if (found < 0 || fstat(found, &like) != 0) return -1;
    close(found);
    if (S_ISDIR(like.st_mode)) {
        if (make_owned(to, owner) != 0) return -1;
        int directory = open_in(from, source, O_RDONLY | O_DIRECTORY);
        return directory < 0 ? -1 : copy_below(directory, to, owner);
    }
    int file = open_in(from, source, O_RDONLY);
    if (file < 0) return -1;
    char path[PATH_MAX];
    const char *slash = strrchr(source, '/');
    struct stat there;
    int is_directory = stat(to, &there) == 0 && S_ISDIR(there.st_mode);
    if (into || is_directory) {
        if (make_owned(to, owner) != 0) return -1;
        snprintf(path, sizeof path, "%s/%s", to, slash ? slash + 1 : source);
    } else {
        snprintf(path, sizeof path, "%s", to);
        char *end = strrchr(path, '/');
        if (end && end != path) {
            *end = 0;
            if (make_owned(path, owner) != 0) return -1;
            *end = '/';
        }
    }
    if (lstat(path, &there) == 0 && S_ISDIR(there.st_mode)) return errno = EISDIR, -1;
    int status = copy_file(file, path);
    close(file);
    return status != 0 ? status : own(path, &like, owner);
}

static int copy_all(int from, char **sources, const char *to, const struct owner *owner) {
    int count = 0;
    while (sources[count]) count++;
    int into = count > 1 || (*to && to[strlen(to) - 1] == '/');
    for (char **source = sources; *source; source++) {
        if (!strpbrk(*source, "*?[")) {
            if (copy_source(from, *source, to, into, owner) != 0) return -1;
            continue;
        }
        char parent[PATH_MAX] = "";
        char *slash = strrchr(*source, '/');
        const char *pattern = slash ? slash + 1 : *source;
        if (slash) snprintf(parent, sizeof parent, "%.*s", (int)(slash - *source), *source);
        DIR *entries = fdopendir(open_in(from, parent, O_RDONLY | O_DIRECTORY));
        if (!entries) return -1;
        int matched = 0;
        for (struct dirent *entry; (entry = readdir(entries));) {
            if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || fnmatch(pattern, entry->d_name, 0) != 0) continue;
            char path[PATH_MAX * 2];
            snprintf(path, sizeof path, "%s/%s", parent, entry->d_name);
            if (copy_source(from, path, to, into || 1, owner) != 0) return closedir(entries), -1;
            matched++;
        }
        closedir(entries);
        if (!matched) return errno = ENOENT, -1;
    }
    return 0;
}

// Forks a process whose root is one of ours: returns its process ID, and 0 in the new process.
static pid_t fork_in(uint32_t root) {
    pid_t pid = fork();
    if (pid < 0) give_up("fork");
    if (pid > 0) return pid;
    if (chroot(root_path(root)) != 0 || chdir("/") != 0) give_up("chroot");
    umask(0);
    return 0;
}

static uint32_t wait_for(pid_t pid) {
    int status;
    while (waitpid(pid, &status, 0) != pid) {}
    return WIFEXITED(status) ? (uint32_t)WEXITSTATUS(status) : 255;
}

// --- running ---

static void bind_file(const char *from, const char *to) {
    struct stat there;
    if (stat(to, &there) == 0 && mount(from, to, NULL, MS_BIND, NULL) != 0) give_up(to);
}

struct run {
    uint32_t root, user, group, is_traced, limit;
    char *cwd, **argv, **env, **mounts;
};

static void start(const struct run *run) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (unshare(CLONE_NEWNS) != 0) give_up("unshare");
    int in = open("/.dev/null", O_RDONLY), out = open("/.out", O_WRONLY | O_APPEND);
    int root = open(root_path(run->root), O_PATH | O_DIRECTORY);
    if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) _exit(96);
    for (char **each = run->mounts; *each; each += 2) {
        char target[64];
        int at = open_in(root, each[1], O_PATH | O_DIRECTORY);
        snprintf(target, sizeof target, "/.proc/self/fd/%d", at);
        if (at < 0 || mount(each[0], target, NULL, MS_BIND, NULL) != 0) give_up(each[1]);
    }
    if (fchdir(root) != 0) give_up("root");
    bind_file(run->is_traced ? "/.programs/traced" : "/.programs/plain", ".tools");
    bind_file("/.proc", "proc");
    bind_file("/.dev", "dev");
    bind_file("/.hosts", "etc/hosts");
    if (run->is_traced) bind_file("/.control", ".control");
    if (chroot(".") != 0) give_up("chroot");
    for (int fd = 3; fd < 64; fd++) close(fd);
    umask(022);
    setsid();
    // Like the container runtime, creates a missing working directory.
    if (chdir(run->cwd) != 0 && (make_directories(run->cwd) != 0 || chdir(run->cwd) != 0)) _exit(95);
    if (setgroups(0, NULL) != 0 || setgid(run->group) != 0 || setuid(run->user) != 0) _exit(97);
    execve(run->argv[0], run->argv, run->env);
    // Like the container runtime, searches for a program without a path.
    if (!strchr(run->argv[0], '/')) {
        const char *path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        for (char **each = run->env; *each; each++)
            if (!strncmp(*each, "PATH=", 5)) path = *each + 5;
        environ = run->env;
        setenv("PATH", path, 1);
        execvpe(run->argv[0], run->argv, run->env);
    }
    _exit(errno == EACCES ? 126 : 127);
}

// Runs one script, then kills its background processes, as the end of a container does. Returns -1
// if that takes too long.
static int execute(const struct run *run) {
    int64_t deadline = now() + run->limit;
    pid_t shell = fork();
    if (shell < 0) give_up("fork");
    if (shell == 0) start(run);
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    int status = 0, is_late = 0, is_over = 0;
    for (;;) {
        int ended;
        pid_t pid = waitpid(-1, &ended, WNOHANG);
        if (pid == shell) {
            status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
            is_over = 1;
            kill(-1, SIGKILL);
        }
        if (pid > 0) continue;
        if (pid < 0) break;
        int64_t left = deadline - now();
        if (!is_over && left <= 0) is_late = 1;
        if (is_late) kill(-1, SIGKILL);
        if (left <= 0 || is_over) left = 50;
        struct timespec pause = {left / 1000, left % 1000 * 1000000};
        sigtimedwait(&wanted, NULL, &pause);
    }
    return is_late ? -1 : status;
}

// A directory created as a mount point: its parent directory and its name.
struct made { int parent; char *name; };

// Creates missing mount points, following links inside the root as the runtime does. The builder
// removes them afterwards.
static struct made *make_mount_points(int root, char **mounts) {
    struct made *made = calloc(64, sizeof *made);
    int count = 0;
    for (char **each = mounts; *each; each += 2) {
        char path[PATH_MAX];
        // Creates a new cache's directory; that of another stage exists already.
        mkdir(each[0], 0755);
        snprintf(path, sizeof path, "%s", each[1]);
        int parent = open_in(root, "/", O_PATH | O_DIRECTORY);
        for (size_t at = 1; parent >= 0 && path[at - 1]; at++) {
            if (path[at] != '/' && path[at] != 0) continue;
            char was = path[at];
            path[at] = 0;
            const char *name = strrchr(path, '/') + 1;
            if (*name && mkdirat(parent, name, 0755) == 0 && count < 63)
                made[count++] = (struct made){.parent = fcntl(parent, F_DUPFD_CLOEXEC, 64), .name = strdup(name)};
            close(parent);
            parent = open_in(root, path, O_PATH | O_DIRECTORY);
            path[at] = was;
        }
        if (parent >= 0) close(parent);
    }
    return made;
}

static void run_one(void) {
    struct run run;
    run.root = take_number(), run.user = take_number(), run.group = take_number();
    run.is_traced = take_number(), run.limit = take_number();
    run.cwd = take_string(NULL), run.argv = take_strings(), run.env = take_strings(), run.mounts = take_strings();
    int root = open(root_path(run.root), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) give_up("root");
    struct made *made = make_mount_points(root, run.mounts);
    close(root);
    if (truncate("/.out", 0) != 0) give_up("/.out");
    int status = execute(&run);
    int last = 0;
    while (made[last].name) last++;
    while (last-- > 0) {
        unlinkat(made[last].parent, made[last].name, AT_REMOVEDIR);
        close(made[last].parent);
        free(made[last].name);
    }
    free(made);
    struct buffer all = {0}, out = {0};
    size_t length;
    out.data = read_whole("/.out", &length);
    put_number(&all, (uint32_t)status);
    put_bytes(&all, out.data ? out.data : "", length);
    free(out.data);
    answer(&all);
    free(run.cwd), free_strings(run.argv), free_strings(run.env), free_strings(run.mounts);
}

// --- listing ---

static void list(int directory, const char *path, struct buffer *to) {
    DIR *entries = strlen(path) < PATH_MAX / 2 ? fdopendir(directory) : NULL;
    if (!entries) return;
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        struct stat found;
        if (fstatat(dirfd(entries), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
        char own[PATH_MAX];
        snprintf(own, sizeof own, "%s/%s", path, entry->d_name);
        put_bytes(to, own, strlen(own));
        put_number(to, found.st_mode), put_number(to, found.st_uid), put_number(to, found.st_gid);
        if (S_ISLNK(found.st_mode)) {
            char target[PATH_MAX];
            ssize_t length = readlinkat(dirfd(entries), entry->d_name, target, sizeof target);
            put_bytes(to, target, length > 0 ? (size_t)length : 0);
        } else if (S_ISREG(found.st_mode)) {
            int file = openat(dirfd(entries), entry->d_name, O_RDONLY | O_CLOEXEC);
            char *data = malloc((size_t)found.st_size + 1);
            ssize_t length = file < 0 ? 0 : read(file, data, (size_t)found.st_size);
            put_bytes(to, data, length > 0 ? (size_t)length : 0);
            free(data), close(file);
        } else {
            put_number(to, 0);
        }
        if (S_ISDIR(found.st_mode)) list(openat(dirfd(entries), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), own, to);
    }
    closedir(entries);
}

// --- the server ---

static void put_one(void) {
    uint32_t root = take_number(), kind = take_number(), length;
    struct owner owner = take_owner();
    char *path = take_string(NULL), *data = take_string(&length), whole[PATH_MAX];
    snprintf(whole, sizeof whole, "%s%s", root_path(root), path);
    make_parents(whole);
    if (kind == 'd' && mkdir(whole, 0755) != 0 && errno != EEXIST) give_up(whole);
    if (kind == 'l' && symlink(data, whole) != 0) give_up(whole);
    if (kind == 'f') write_whole(whole, data, length, 0644);
    if (lchown(whole, owner.user, owner.group) != 0) give_up(whole);
    if (kind != 'l' && chmod(whole, owner.mode) != 0) give_up(whole);
    free(path), free(data);
}

static void serve(void) {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGCHLD);
    sigprocmask(SIG_BLOCK, &held, NULL);
    for (;;) {
        struct buffer all = {0};
        uint32_t length;
        switch (take_number()) {
        case 'P': put_one(); continue;
        case 'X': run_one(); continue;
        case 'N': {
            uint32_t roots = take_number(), keeps_caches = take_number();
            for (uint32_t root = roots; root-- > 0;) {
                remove_below(root_path(root));
                mkdir(root_path(root), 0755);
                if (chmod(root_path(root), 0755) != 0 || chown(root_path(root), 0, 0) != 0) give_up("root");
            }
            if (!keeps_caches) remove_below("/.caches");
            write_whole("/.hosts", "127.0.0.1 localhost\n", 20, 0644);
            continue;
        }
        case 'c': {
            uint32_t from = take_number(), to = take_number();
            struct owner owner = {NONE, NONE, NONE};
            umask(0);
            int source = open(root_path(from), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (copy_below(source, root_path(to), &owner) != 0) give_up("clone");
            continue;
        }
        case 'C': {
            uint32_t from = take_number(), to = take_number();
            struct owner owner = take_owner();
            char *destination = take_string(NULL), **sources = take_strings();
            int source = open(root_path(from), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            pid_t child = fork_in(to);
            if (child == 0) _exit(copy_all(source, sources, destination, &owner) == 0 ? 0 : 1);
            put_number(&all, wait_for(child));
            close(source), free(destination), free_strings(sources);
            break;
        }
        case 'W': {
            uint32_t root = take_number();
            struct owner owner = {0, 0, NONE};
            char *path = take_string(NULL);
            pid_t child = fork_in(root);
            if (child == 0) _exit(make_owned(path, &owner) == 0 ? 0 : 1);
            put_number(&all, wait_for(child));
            free(path);
            break;
        }
        case 'D': {
            struct buffer files = {0};
            list(open(root_path(take_number()), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", &files);
            put_bytes(&all, files.data ? files.data : "", files.length);
            free(files.data);
            break;
        }
        case 'R': {
            char path[PATH_MAX], *inner, *data;
            size_t size;
            uint32_t root = take_number();
            inner = take_string(NULL);
            snprintf(path, sizeof path, "%s%s", root == NONE ? "" : root_path(root), inner);
            data = read_whole(path, &size);
            put_bytes(&all, data ? data : "", size);
            free(data), free(inner);
            break;
        }
        case 'F': {
            char *key = take_string(&length);
            remove_below("/.control");
            // Commands of any user write to these files.
            write_whole("/.control/trace", "", 0, 0666), write_whole("/.control/count", "", 0, 0666);
            if (chmod("/.control/trace", 0666) || chmod("/.control/count", 0666)) give_up("control");
            if (length) write_whole("/.control/fault", key, length, 0644);
            free(key);
            continue;
        }
        default: give_up("an unknown request");
        }
        answer(&all);
    }
}

// A script can't reach files, processes or the network outside.
static void prepare(const char *root, const char *programs) {
    if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) give_up("unshare");
    become_first_process();
    if (sethostname("build", 5) != 0) give_up("sethostname");
    enter_empty_root(root);
    mkdir(".proc", 0755), mkdir(".caches", 0755), mkdir(".control", 0777);
    mount_read_only(programs, ".programs");
    mount_or_give_up("proc", ".proc", "proc", 0);
    make_devices(".dev");
    close(open(".out", O_WRONLY | O_CREAT, 0666));
    if (chroot(".") != 0 || chdir("/") != 0) give_up("chroot");
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    prepare(argv[1], argv[2]);
    serve();
}
