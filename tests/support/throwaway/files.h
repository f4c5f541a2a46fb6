// Functions for files and directories that all tools use.
#pragma once
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

__attribute__((unused)) static char *read_whole(const char *path, size_t *length) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (length) *length = 0;
    if (fd < 0) return NULL;
    size_t room = 4096, used = 0;
    char *data = malloc(room + 1);
    ssize_t got;
    while ((got = read(fd, data + used, room - used)) > 0) {
        used += (size_t)got;
        if (used == room) data = realloc(data, (room *= 2) + 1);
    }
    close(fd);
    data[used] = 0;
    if (length) *length = used;
    return data;
}

__attribute__((unused)) static int write_whole(const char *path, const char *data, size_t length, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) return -1;
    int status = write(fd, data, length) == (ssize_t)length ? 0 : -1;
    close(fd);
    return status;
}

__attribute__((unused)) static int make_directories(const char *path) {
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) return -1;
    memcpy(part, path, length + 1);
    int status = 0;
    for (size_t at = 1; at <= length; at++) {
        if (part[at] != '/' && part[at] != 0) continue;
        char was = part[at];
        part[at] = 0;
        status = mkdir(part, 0755);
        if (status != 0 && errno == EEXIST) status = 0;
        part[at] = was;
    }
    return status;
}

__attribute__((unused)) static void make_parents(const char *path) {
    char part[PATH_MAX];
    snprintf(part, sizeof part, "%s", path);
    char *slash = strrchr(part, '/');
    if (!slash || slash == part) return;
    *slash = 0;
    struct stat there;
    if (stat(part, &there) != 0) make_directories(part);
}

__attribute__((unused)) static void remove_tree(const char *path);

// Empties a directory.
__attribute__((unused)) static void remove_below(const char *path) {
    DIR *entries = opendir(path);
    if (!entries) return;
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        char inner[PATH_MAX];
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        remove_tree(inner);
    }
    closedir(entries);
}

__attribute__((unused)) static void remove_tree(const char *path) {
    struct stat found;
    if (lstat(path, &found) != 0) return;
    if (S_ISDIR(found.st_mode)) {
        remove_below(path);
        rmdir(path);
    } else {
        unlink(path);
    }
}
