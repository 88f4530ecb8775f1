// The plugin's log: one line of JSON per call, where and how much is told by the configuration on stdin.

#ifndef PLUGIN_LOG_H
#define PLUGIN_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR, LEVEL_FATAL };

// One execution of the launcher, as it went.
struct call {
  const char *conf;   // stdin, as far as it was read
  size_t conf_size;
  const char *output; // what was printed
  size_t output_size;
  const char *why;    // the daemon counts as away; empty when it does not
  int exit_code;
  int64_t elapsed_ms;
  enum log_level level;
};

// Never fails the call: a line that cannot be written is lost.
void log_call(const struct call *call);

#endif
