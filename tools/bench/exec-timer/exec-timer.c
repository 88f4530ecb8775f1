/*
 * Times programs from exec to exit, without the weight of the process that measures.
 *
 *   exec-timer in-turn|at-once PROGRAM DIRECTORY...
 *
 * Runs PROGRAM once per directory, with the environment in DIRECTORY/env (entries end in NUL), stdin
 * from DIRECTORY/stdin and stdout to DIRECTORY/stdout. Prints one line per run,
 * "MICROSECONDS STATUS CPU_MICROSECONDS PEAK_KIB", the last two with what the program itself executed;
 * for at-once, first a line with the wall time of all of them. A container runtime execs its plugins
 * from a process whose fork is cheap; posix_spawn (vfork) is the same here. The kernel counts the memory of the
 * process that spawns as the first of the program's, so this one is small: linked statically, nothing allocated.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_RUNS 1024
#define MAX_ENVIRONMENT 65536

struct run {
    pid_t pid;
    double started_us;
    double elapsed_us;
    int status;
    struct rusage usage;
};

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void die(const char *what) {
    perror(what);
    exit(2);
}

static void read_environment(const char *directory, char *text, char **entries) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/env", directory);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, MAX_ENVIRONMENT - 1);
    if (length < 0) die(path);
    close(fd);
    text[length] = 0;
    int count = 0;
    for (char *entry = text; entry < text + length && count < 63; entry += strlen(entry) + 1)
        entries[count++] = entry;
    entries[count] = NULL;
}

static void start(struct run *run, char *program, const char *directory) {
    static char text[MAX_ENVIRONMENT];
    char *entries[64];
    char in[PATH_MAX], out[PATH_MAX];
    read_environment(directory, text, entries);
    snprintf(in, sizeof in, "%s/stdin", directory);
    snprintf(out, sizeof out, "%s/stdout", directory);

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, in, O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    char *argv[] = {program, NULL};
    run->started_us = now_us();
    if (posix_spawn(&run->pid, program, &files, NULL, argv, entries) != 0) die(program);
    posix_spawn_file_actions_destroy(&files);
}

static void finish(struct run *runs, int count) {
    int status;
    struct rusage usage;
    pid_t pid = wait4(-1, &status, 0, &usage);
    double ended_us = now_us();
    for (int i = 0; i < count; i++) {
        if (runs[i].pid != pid) continue;
        runs[i].elapsed_us = ended_us - runs[i].started_us;
        runs[i].status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        runs[i].usage = usage;
    }
}

static double cpu_us(const struct rusage *usage) {
    return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e6 + usage->ru_utime.tv_usec +
           usage->ru_stime.tv_usec;
}

static void print(const struct run *run) {
    printf("%.0f %d %.0f %ld\n", run->elapsed_us, run->status, cpu_us(&run->usage),
           run->usage.ru_maxrss);
}

int main(int argc, char **argv) {
    static struct run runs[MAX_RUNS];
    int count = argc - 3;
    if (count < 1 || count > MAX_RUNS) {
        fprintf(stderr, "usage: exec-timer in-turn|at-once PROGRAM DIRECTORY...\n");
        return 2;
    }
    int at_once = strcmp(argv[1], "at-once") == 0;
    double started_us = now_us();
    for (int i = 0; i < count; i++) {
        start(&runs[i], argv[2], argv[3 + i]);
        if (!at_once) finish(runs, count);
    }
    for (int i = 0; at_once && i < count; i++) finish(runs, count);
    if (at_once) printf("%.0f wall\n", now_us() - started_us);
    for (int i = 0; i < count; i++) print(&runs[i]);
    return 0;
}
