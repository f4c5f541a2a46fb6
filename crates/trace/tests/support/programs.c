/* Programs that tests trace: the first argument says which. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char *arguments[] = {"true", NULL};

static void read_file(const char *name) {
    int file = open(name, O_RDONLY);
    if (file >= 0) close(file);
}

static void *open_one(void *number) {
    char name[16];
    snprintf(name, sizeof name, "file-%ld", (long)number);
    for (int i = 0; i < 50; i++) read_file(name);
    return NULL;
}

static int threads(void) {
    pthread_t threads[8];
    for (long i = 0; i < 8; i++) pthread_create(&threads[i], NULL, open_one, (void *)i);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    return 0;
}

static void *execute(void *unused) {
    (void)unused;
    execv("/bin/true", arguments);
    exit(9);
}

static int execute_in_thread(void) {
    pthread_t idle, thread;
    pthread_create(&idle, NULL, (void *(*)(void *))pause, NULL);
    pthread_create(&thread, NULL, execute, NULL);
    pause();
    return 8;
}

static int with_vfork(void) {
    int status;
    pid_t child = vfork();
    if (child == 0) {
        execv("/bin/true", arguments);
        _exit(9);
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static int daemonise(void) {
    if (fork() != 0) _exit(5);
    setsid();
    if (fork() != 0) _exit(0);
    usleep(300000);
    read_file("file-of-the-daemon");
    close(open("written", O_CREAT | O_WRONLY, 0600));
    return 0;
}

/* Sets other IDs without executing anything, as the workers of servers do. */
static int drop(void) {
    char byte[4] = "";
    if (setgroups(0, NULL) || setgid(65534) || setuid(65534)) return 7;
    int file = open("for-everyone", O_RDONLY);
    if (file < 0 || read(file, byte, 3) != 3 || strcmp(byte, "abc")) return 6;
    struct stat status;
    if (stat("for-everyone", &status) || stat("missing", &status) == 0) return 5;
    /* Registers are as before: six arguments survive. */
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    if (page == MAP_FAILED || memcmp(page, "abc", 3)) return 4;
    return 0;
}

static int directories(void) {
    int directory = open("sub", O_RDONLY | O_DIRECTORY);
    close(openat(directory, "inner", O_RDONLY));
    close(openat(directory, "../sibling", O_RDONLY));
    if (fchdir(directory)) return 1;
    read_file("by-fchdir");
    return 0;
}

static volatile sig_atomic_t handled;

static void handle(int signal) { handled = signal; }

static int real_time(void) {
    signal(SIGRTMIN + 3, handle);
    raise(SIGRTMIN + 3);
    return handled == SIGRTMIN + 3 ? 0 : 1;
}

/* Waits for a real-time signal. */
static int wait_for_signal(void) {
    signal(SIGRTMIN + 4, handle);
    close(open("ready", O_CREAT | O_WRONLY, 0600));
    while (!handled) pause();
    return 33;
}

static int sockets(void) {
    int socket_ = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "no-server"};
    connect(socket_, (struct sockaddr *)&address, sizeof address);
    strcpy(address.sun_path, "server");
    return bind(socket_, (struct sockaddr *)&address, sizeof address);
}

static int ring(void) {
    char parameters[120] = "";
    return syscall(425, 4, parameters) < 0 ? 3 : 0;
}

/* A call as 32-bit programs make it. */
static int old_call(void) {
#ifdef __x86_64__
    char *name = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    strcpy(name, "by-32-bit-call");
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(5L), "b"((long)name), "c"(0L), "d"(0L) : "memory", "r8", "r9", "r10", "r11");
    return result >= 0 ? 0 : result == -ENOSYS ? 3 : 1;
#else
    return 3;
#endif
}

static int links(void) {
    struct stat status;
    char target[64];
    read_file("first");
    lstat("first", &status);
    if (readlink("third", target, sizeof target) < 0) return 1;
    return readlink("file", target, sizeof target) == -1 ? 0 : 1;
}

static int changes(void) {
    close(open("new", O_CREAT | O_RDWR, 0600));
    close(open("new", O_RDWR));
    if (rename("new", "renamed") || chmod("renamed", 0644) || unlink("renamed")) return 1;
    if (mkdir("directory", 0700) || rmdir("directory")) return 2;
    return symlink("nowhere", "link") || unlink("link") ? 3 : 0;
}

int main(int count, char **names) {
    static const struct { const char *name; int (*run)(void); } programs[] = {
        {"threads", threads}, {"execute-in-thread", execute_in_thread}, {"vfork", with_vfork},
        {"daemonise", daemonise}, {"drop", drop}, {"directories", directories}, {"real-time", real_time},
        {"wait-for-signal", wait_for_signal}, {"sockets", sockets}, {"ring", ring}, {"old-call", old_call},
        {"links", links}, {"changes", changes},
    };
    for (size_t i = 0; count > 1 && i < sizeof programs / sizeof *programs; i++)
        if (!strcmp(names[1], programs[i].name)) return programs[i].run();
    return 99;
}
