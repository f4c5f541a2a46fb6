// The common parts of servers for throwaway roots: buffers, the protocol on standard input and
// output (numbers of four bytes; strings that follow their lengths), namespaces, and a `/dev`.
#pragma once
#include "files.h"
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

// A growing buffer.
struct buffer {
    char *data;
    size_t length, room;
};

static void put(struct buffer *to, const void *data, size_t length) {
    if (to->length + length > to->room) {
        to->room = (to->length + length) * 2 + 1024;
        to->data = realloc(to->data, to->room);
        if (!to->data) _exit(99);
    }
    if (length) memcpy(to->data + to->length, data, length);
    to->length += length;
}

static void put_number(struct buffer *to, uint32_t number) { put(to, &number, sizeof number); }

static void put_bytes(struct buffer *to, const char *data, size_t length) {
    put_number(to, (uint32_t)length);
    put(to, data, length);
}

static void give_up(const char *what) {
    fprintf(stderr, "throwaway root: %s: %s\n", what, strerror(errno));
    _exit(90);
}

// --- the protocol ---

static void take(void *to, size_t length) {
    if (length && fread(to, 1, length, stdin) != length) _exit(0);
}

static uint32_t take_number(void) {
    uint32_t number;
    take(&number, sizeof number);
    return number;
}

static char *take_string(uint32_t *length) {
    uint32_t own;
    if (!length) length = &own;
    *length = take_number();
    char *text = malloc((size_t)*length + 1);
    if (!text) give_up("malloc");
    take(text, *length);
    text[*length] = 0;
    return text;
}

static char **take_strings(void) {
    uint32_t count = take_number();
    char **all = calloc((size_t)count + 1, sizeof *all);
    if (!all) give_up("calloc");
    for (uint32_t i = 0; i < count; i++) all[i] = take_string(NULL);
    return all;
}

static void free_strings(char **all) {
    for (char **each = all; *each; each++) free(*each);
    free(all);
}

static void answer(struct buffer *all) {
    for (size_t at = 0; at < all->length;) {
        ssize_t written = write(1, all->data + at, all->length - at);
        if (written < 0) _exit(0);
        at += (size_t)written;
    }
    free(all->data);
}

// --- namespaces ---

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// Continues as the first process of a new process namespace. The original process waits until it
// ends.
static void become_first_process(void) {
    pid_t inner = fork();
    if (inner < 0) give_up("fork");
    if (inner == 0) return;
    int status;
    waitpid(inner, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 90);
}

static void mount_or_give_up(const char *from, const char *to, const char *type, unsigned long flags) {
    if (mount(from, to, type, flags, NULL) != 0) give_up(to);
}

// Moves to a new, empty file system.
static void enter_empty_root(const char *root) {
    mount_or_give_up("none", "/", NULL, MS_REC | MS_PRIVATE);
    mount_or_give_up("tmpfs", root, "tmpfs", 0);
    if (chdir(root) != 0) give_up(root);
}

static void mount_read_only(const char *from, const char *to) {
    mkdir(to, 0755);
    mount_or_give_up(from, to, NULL, MS_BIND);
    mount_or_give_up("none", to, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY);
}

static void make_devices(const char *directory) {
    static const char *links[][2] = {
        {"/proc/self/fd", "fd"}, {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"}, {"/proc/self/fd/2", "stderr"}};
    char path[64];
    mkdir(directory, 0755);
    mount_or_give_up("tmpfs", directory, "tmpfs", 0);
    snprintf(path, sizeof path, "%s/null", directory);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    mount_or_give_up("/dev/null", path, NULL, MS_BIND);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, links[i][1]);
        if (symlink(links[i][0], path) != 0) give_up(path);
    }
}
