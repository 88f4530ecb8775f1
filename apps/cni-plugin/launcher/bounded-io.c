#include "bounded-io.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 4096 }; // PIPE_BUF: a pipe that poll() calls writable takes it without blocking

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int await(int fd, short events, int64_t deadline_ms) {
  for (int64_t left; (left = deadline_ms - now_ms()) > 0;) {
    struct pollfd one = {.fd = fd, .events = events};
    int ready = poll(&one, 1, (int)left);
    if (ready > 0) return 0; // also on hang-up and error: the next read or write tells which
    if (ready < 0 && errno != EINTR) return -1;
  }
  return errno = ETIMEDOUT, -1;
}

ssize_t get_some(int fd, char *data, size_t size, int64_t deadline_ms) {
  for (;;) {
    if (await(fd, POLLIN, deadline_ms) < 0) return -1;
    ssize_t got = read(fd, data, size);
    if (got >= 0 || (errno != EINTR && errno != EAGAIN)) return got;
  }
}

int put_all(int fd, const char *data, size_t size, int64_t deadline_ms) {
  while (size > 0) {
    if (await(fd, POLLOUT, deadline_ms) < 0) return -1;
    ssize_t put = write(fd, data, size < CHUNK ? size : CHUNK);
    if (put < 0 && errno != EINTR && errno != EAGAIN) return -1;
    if (put > 0) data += put, size -= (size_t)put;
  }
  return 0;
}
