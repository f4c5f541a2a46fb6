// What the stubs of package managers and other programs share. Each stub does with files what the real program does with
// files: what it needs, what it reads, what it leaves.
#pragma once
#define _GNU_SOURCE
#include "files.h"
#include <ctype.h>
#include <stdarg.h>

// The words of a call, options taken apart.
struct call {
    int argc;
    char **argv;
    // Words that are no options and no values of options.
    char *words[64];
    int count;
};

// Reads a call; `valued` has the options that take a value of their own, between blanks.
struct call read_call(int argc, char **argv, const char *valued);
// Whether an option is there; and the value behind it, or after its `=`.
int has(const struct call *call, const char *option);
const char *value_of(const struct call *call, const char *option);

// Says something on standard error and ends.
__attribute__((noreturn, format(printf, 2, 3))) void fail(int status, const char *text, ...);
__attribute__((format(printf, 1, 2))) const char *format(const char *text, ...);
const char *variable(const char *name);
// Whether a variable is set to something that means yes.
int is_on(const char *name);
const char *home(void);
int exists(const char *path);
// Writes a file and its directories, or ends with 1 where that is not allowed.
void leave(const char *path, const char *text);
void append(const char *path, const char *text);
// Makes a program: a link to the tools.
void leave_program(const char *path, const char *name);
// Ends where the working directory is gone.
void need_directory(int status);

// Takes a package out of a cache, or fetches it and leaves it there. Fails offline where it is not there.
void fetch(const char *cache, const char *name, int is_offline, int is_kept);

// The name of a package without its version, and without what is in brackets.
const char *plain_name(const char *package);

// The names in a part of a manifest: `"dependencies": { "a": "1", … }`, lines of requirements, `name = "1"` below `[table]`.
int json_names(const char *path, const char *key, char names[][96], int most);
int line_names(const char *path, char names[][96], int most);
int table_names(const char *path, const char *table, char names[][96], int most);
// A string of a JSON file: `"build": "node build.js"`.
const char *json_string(const char *path, const char *key);

// The programs; each gets its words with its own name first.
int system_packages(int argc, char **argv);
int node_packages(int argc, char **argv);
int python_packages(int argc, char **argv);
int compiled_packages(int argc, char **argv);
int accounts(int argc, char **argv);
int downloads(int argc, char **argv);
int interpreter(int argc, char **argv);
int service(int argc, char **argv);
