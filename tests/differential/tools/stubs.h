// The functions that the stubs of package managers and other programs share. Each stub uses files
// like the real program: it needs, reads and leaves the same ones.
#pragma once
#define _GNU_SOURCE
#include "files.h"
#include <ctype.h>
#include <stdarg.h>

// The arguments of a call, split into options and words.
struct call {
    int argc;
    char **argv;
    // The words that are neither options nor values of options.
    char *words[64];
    int count;
};

// Parses a call. `valued` lists the options, separated by spaces, whose value is the next argument.
struct call read_call(int argc, char **argv, const char *valued);
// Whether an option is given, and its value: the next argument, or the text after `=`.
int has(const struct call *call, const char *option);
const char *value_of(const struct call *call, const char *option);

// Prints a message on standard error and exits.
__attribute__((noreturn, format(printf, 2, 3))) void fail(int status, const char *text, ...);
__attribute__((format(printf, 1, 2))) const char *format(const char *text, ...);
const char *variable(const char *name);
// Whether a variable has a true value.
int is_on(const char *name);
const char *home(void);
int exists(const char *path);
// Writes a file and creates its parent directories. Exits with 1 if that is not allowed.
void leave(const char *path, const char *text);
void append(const char *path, const char *text);
// Creates a program, as a link to the tools.
void leave_program(const char *path, const char *name);
// Exits if the working directory does not exist.
void need_directory(int status);

// Gets a package from a cache, or downloads it and stores it there. Offline, fails if the cache
// does not contain it.
void fetch(const char *cache, const char *name, int is_offline, int is_kept);

// The name of a package without its version and its extras in brackets.
const char *plain_name(const char *package);

// The names in a section of a manifest: `"dependencies": { "a": "1", … }`, lines of requirements,
// `name = "1"` below `[table]`.
int json_names(const char *path, const char *key, char names[][96], int most);
int line_names(const char *path, char names[][96], int most);
int table_names(const char *path, const char *table, char names[][96], int most);
// A string of a JSON file: `"build": "node build.js"`.
const char *json_string(const char *path, const char *key);

// The programs. Each gets its arguments, with its own name first.
int system_packages(int argc, char **argv);
int node_packages(int argc, char **argv);
int python_packages(int argc, char **argv);
int compiled_packages(int argc, char **argv);
int accounts(int argc, char **argv);
int downloads(int argc, char **argv);
int interpreter(int argc, char **argv);
int service(int argc, char **argv);
