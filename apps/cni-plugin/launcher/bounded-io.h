// Reading and writing that end by a deadline, also when the other side neither talks nor hangs up.

#ifndef BOUNDED_IO_H
#define BOUNDED_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int64_t now_ms(void); // CLOCK_MONOTONIC

// Up to `size` bytes, 0 at the end; -1 with errno ETIMEDOUT when nothing came until the deadline.
ssize_t get_some(int fd, char *data, size_t size, int64_t deadline_ms);

// All of it, or -1.
int put_all(int fd, const char *data, size_t size, int64_t deadline_ms);

#endif
