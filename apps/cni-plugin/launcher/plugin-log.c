#include "plugin-log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bounded-io.h"
#include "json.h"

enum {
  PATH_ROOM = 1024,
  FIELD_MAX = 256,                  // bytes of a variable that are logged
  OUTPUT_MAX = 2048,                // and of what was printed
  ROTATE_BYTES = 100 * 1024 * 1024, // then the file becomes FILE.1, and the FILE.1 before it goes
  STDERR_MS = 1000,
};

static const char *const LEVELS[] = {"debug", "info", "warn", "error", "fatal"};

static const char *const FIELDS[][2] = {
    {"command", "CNI_COMMAND"}, {"containerId", "CNI_CONTAINERID"}, {"netns", "CNI_NETNS"},
    {"ifName", "CNI_IFNAME"},   {"args", "CNI_ARGS"},
};
enum { FIELD_COUNT = sizeof FIELDS / sizeof *FIELDS };

static char line[512 + JSON_ESCAPED * (FIELD_COUNT * FIELD_MAX + OUTPUT_MAX + 1024)];

// What is no level is debug, as in the AWS VPC CNI.
static int level_of(const char *text) {
  for (int level = LEVEL_FATAL; level > LEVEL_DEBUG; level--)
    if (strcasecmp(text, LEVELS[level]) == 0) return level;
  return LEVEL_DEBUG;
}

static size_t add_field(size_t size, const char *name, const char *bytes, size_t length, size_t max) {
  size += (size_t)sprintf(line + size, ",\"%s\":\"", name);
  size += json_escape(bytes, length < max ? length : max, line + size);
  return size + (size_t)sprintf(line + size, "\"");
}

static size_t format_line(const struct call *call, int is_verbose) {
  struct timespec now;
  struct tm utc;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  size_t size = (size_t)sprintf(line, "{\"level\":\"%s\",\"ts\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\"", LEVELS[call->level],
                                utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                                now.tv_nsec / 1000000);
  size += (size_t)sprintf(line + size, ",\"caller\":\"launcher/plugin-log.c:%d\",\"msg\":\"%s\"", __LINE__,
                          !*call->why ? "answered" : call->exit_code == 0 ? "deferred" : "not answered");
  for (size_t i = 0; i < FIELD_COUNT; i++) {
    const char *value = getenv(FIELDS[i][1]);
    if (value && *value) size = add_field(size, FIELDS[i][0], value, strlen(value), FIELD_MAX);
  }
  size += (size_t)sprintf(line + size, ",\"exitCode\":%d,\"elapsedMs\":%lld", call->exit_code,
                          (long long)call->elapsed_ms);
  if (*call->why) size = add_field(size, "away", call->why, strlen(call->why), 1024);
  if (is_verbose || call->exit_code != 0) size = add_field(size, "output", call->output, call->output_size, OUTPUT_MAX);
  return size + (size_t)sprintf(line + size, "}\n");
}

// Only a regular file, so that nothing here waits for a reader. O_NONBLOCK does not: a pipe without one.
static int open_log(const char *path) {
  int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  int fd = open(path, flags, 0600);
  char directory[PATH_ROOM];
  strcpy(directory, path);
  char *slash = strrchr(directory, '/');
  if (fd < 0 && errno == ENOENT && slash && slash != directory) {
    *slash = '\0';
    if (mkdir(directory, 0755) == 0) fd = open(path, flags, 0600);
  }
  struct stat status;
  if (fd < 0 || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))) return fd;
  close(fd);
  return -1;
}

// Of the launchers that find the file too large at once, the one that has the lock renames it.
static void rotate(int fd, const char *path) {
  struct stat opened, named;
  char old[PATH_ROOM + 2];
  if (fstat(fd, &opened) < 0 || opened.st_size < ROTATE_BYTES || flock(fd, LOCK_EX | LOCK_NB) < 0) return;
  if (stat(path, &named) < 0 || named.st_ino != opened.st_ino || named.st_dev != opened.st_dev) return;
  sprintf(old, "%s.1", path);
  rename(path, old);
}

void log_call(const struct call *call) {
  char path[PATH_ROOM], level[16];
  json_text_member(call->conf, call->conf_size, "pluginLogFile", path, sizeof path);
  json_text_member(call->conf, call->conf_size, "pluginLogLevel", level, sizeof level);
  int threshold = level_of(level);
  if ((int)call->level < threshold) return;
  size_t size = format_line(call, threshold == LEVEL_DEBUG);
  // stdout carries the result; nothing else may go there.
  int is_stderr = !*path || strcasecmp(path, "stderr") == 0 || strcasecmp(path, "stdout") == 0;
  int fd = is_stderr ? STDERR_FILENO : open_log(path);
  if (fd < 0) return;
  if (is_stderr) {
    put_all(fd, line, size, now_ms() + STDERR_MS);
    return;
  }
  // One write: lines of launchers that run at once do not mix.
  if (write(fd, line, size) == (ssize_t)size) rotate(fd, path);
  close(fd);
}
