// For the spool's tests, preloaded into a dynamically linked launcher: appends every call that makes a
// file durable to the file RECORD_TO, and lets the call named by FAIL_CALL fail with EIO.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The path behind a descriptor, empty for what has none (a pipe, a socket).
static const char *path_of(int fd) {
  static char path[4096];
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  path[size > 0 && path[0] == '/' ? size : 0] = '\0';
  return path;
}

static int record(const char *call, const char *what) {
  FILE *to = *what ? fopen(getenv("RECORD_TO"), "a") : NULL;
  if (to) fprintf(to, "%s %s\n", call, what), fclose(to);
  const char *fails = getenv("FAIL_CALL");
  if (!*what || !fails || strcmp(fails, call) != 0) return 0;
  errno = EIO;
  return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int openat(int dir, const char *name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
  va_end(arguments);
  if (flags & O_CREAT && record(flags & O_EXCL ? "create-exclusively" : "create", name) < 0) return -1;
  return REAL(openat)(dir, name, flags, mode);
}

ssize_t write(int fd, const void *data, size_t size) {
  if (record("write", path_of(fd)) < 0) return -1;
  return REAL(write)(fd, data, size);
}

int fsync(int fd) {
  if (record("fsync", path_of(fd)) < 0) return -1;
  return REAL(fsync)(fd);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  if (record("rename", to) < 0) return -1;
  return REAL(renameat)(from_dir, from, to_dir, to);
}
