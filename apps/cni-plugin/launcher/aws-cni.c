// aws-cni, and egress-cni under that name: what the container runtime executes for every CNI verb.
//
// It is a pipe: environment and stdin go to the daemon as one HTTP request over a unix socket, the
// reply's body goes to stdout and its header Cni-Exit-Code becomes the exit status. It does by itself
// only what must work without the daemon: VERSION, the error objects of a daemon that is away, and a
// DEL, which is spooled durably for the daemon to replay. README.md has the protocol.
// For review: all memory is static and bounded, every wait has a deadline, nothing is executed. Of the input
// become paths: container id and interface name, both validated, and the administrator's log file.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bounded-io.h"
#include "json.h"
#include "plugin-log.h"

enum {
  VALUE_MAX = 4096,           // of one environment variable
  HEAD_MAX = 32 * 1024,       // of the request: six variables and their names fit
  BODY_MAX = 1024 * 1024,     // of stdin, and of what is printed
  REPLY_HEAD_MAX = 16 * 1024, // of the reply
  CONTAINER_ID_MAX = 200,     // so that the spool's file names stay below 255 bytes
  INTERFACE_NAME_MAX = 15,    // IFNAMSIZ - 1
  SPOOL_TRIES = 100,          // for the name of a temporary file
  STDIO_MS = 10 * 1000,       // to read stdin, to write stdout
};

// Error codes of the CNI specification.
enum { BAD_ENVIRONMENT = 4, IO_FAILURE = 5, TRY_AGAIN_LATER = 11, NOT_AVAILABLE = 50 };

static const char ABOUT[] = "AWS CNI " VERSION "\n"
    "CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0\n";
static const char VERSION_INFO[] = "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":["
    "\"0.1.0\",\"0.2.0\",\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n";
#define LOOK_AT "look at: kubectl -n kube-system logs ds/aws-node"

static const struct { const char *variable, *header; } VARIABLES[] = {
    {"CNI_COMMAND", "Cni-Command"}, {"CNI_CONTAINERID", "Cni-Containerid"}, {"CNI_NETNS", "Cni-Netns"},
    {"CNI_IFNAME", "Cni-Ifname"},   {"CNI_ARGS", "Cni-Args"},               {"CNI_PATH", "Cni-Path"},
};

// How long each verb waits for the daemon, and its error when that is away. The last one is for the rest.
static const struct verb { const char *name; int limit_ms, away_code; } VERBS[] = {
    {"ADD", 110 * 1000, TRY_AGAIN_LATER},  {"DEL", 20 * 1000, TRY_AGAIN_LATER},
    {"CHECK", 60 * 1000, TRY_AGAIN_LATER}, {"GC", 60 * 1000, TRY_AGAIN_LATER},
    {"STATUS", 10 * 1000, NOT_AVAILABLE},  {"", 10 * 1000, BAD_ENVIRONMENT},
};

static char head[HEAD_MAX];                       // header of the request while it grows
static char request[HEAD_MAX + BODY_MAX + 1];     // body at HEAD_MAX, the header right before it
static char reply[REPLY_HEAD_MAX + BODY_MAX + 6]; // the blank line, one byte too many, a final NUL
static size_t body_size;                          // of the request
static struct { const char *data; size_t size; } answer; // what goes to stdout

// Notes why the daemon counts as away.
static char why[1024];
#define AWAY(...) (snprintf(why, sizeof why, __VA_ARGS__), -1)

// An empty variable is a missing one (CNI reference implementation).
static const char *value_of(const char *variable) {
  const char *value = getenv(variable);
  return value ? value : "";
}

// AWS_VPC_K8S_CNI_TIMEOUT_MS may lower a limit, never raise it.
static int64_t deadline_after(int limit_ms) {
  long wanted = strtol(value_of("AWS_VPC_K8S_CNI_TIMEOUT_MS"), NULL, 10);
  return now_ms() + (wanted > 0 && wanted < limit_ms ? wanted : limit_ms);
}

static int print(const char *data, size_t size) {
  return put_all(STDOUT_FILENO, data, size, deadline_after(STDIO_MS));
}

// Leaves a CNI error object as the answer and gives the exit status. `msg` is a literal; what is echoed
// goes into the details.
__attribute__((format(printf, 3, 4)))
static int fail(int code, const char *msg, const char *format, ...) {
  static char details[4096], json[JSON_ESCAPED * sizeof details + 512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(details, sizeof details, format, arguments);
  va_end(arguments);
  int size = snprintf(json, 400, "{\"code\":%d,\"msg\":\"%s\",\"details\":\"", code, msg);
  size += (int)json_escape(details, strlen(details), json + size);
  size += sprintf(json + size, "\"}\n");
  answer.data = json, answer.size = (size_t)size;
  return 1;
}

enum { ABSENT = -1, INVALID = -2 };

// A header of the reply as a number from 0 to `max`.
static long header_number(const char *name, long max) {
  size_t length = strlen(name);
  const char *line = reply; // NUL-terminated; its header ends with an empty line
  while ((line = strstr(line, "\r\n")) && strncmp(line, "\r\n\r\n", 4) != 0) {
    line += 2;
    if (strncasecmp(line, name, length) != 0 || line[length] != ':') continue;
    const char *value = line + length + 1 + strspn(line + length + 1, " \t");
    size_t digits = strspn(value, "0123456789");
    if (digits < 1 || digits > 7 || value[digits + strspn(value + digits, " \t")] != '\r') return INVALID;
    return strtol(value, NULL, 10) <= max ? strtol(value, NULL, 10) : INVALID;
  }
  return ABSENT;
}

// Reads until the reply is whole. Gives the exit status it asks for, -1 when it is not one of ours.
static int read_reply(int fd, int64_t deadline) {
  for (size_t size = 0;;) {
    ssize_t got = get_some(fd, reply + size, sizeof reply - 1 - size, deadline);
    if (got < 0) return AWAY("reading its answer: %s", strerror(errno));
    size += (size_t)got;
    const char *end = memmem(reply, size, "\r\n\r\n", 4);
    if ((end ? (size_t)(end - reply) : size) > REPLY_HEAD_MAX) return AWAY("its answer is not HTTP");
    if (end) {
      if (strncmp(reply, "HTTP/1.1 200", 12) != 0 || (reply[12] != ' ' && reply[12] != '\r'))
        return AWAY("it answered %.*s", (int)strcspn(reply, "\r"), reply);
      long length = header_number("Content-Length", BODY_MAX), status = header_number("Cni-Exit-Code", 255);
      if (length == INVALID || status < 0 || header_number("Transfer-Encoding", 0) != ABSENT)
        return AWAY("its answer has unusable headers");
      size_t arrived = size - (size_t)(end + 4 - reply);
      size_t wanted = length == ABSENT ? arrived : (size_t)length;
      if (wanted > BODY_MAX) return AWAY("its answer is too long");
      if (length == ABSENT ? got == 0 : arrived >= wanted) {
        answer.data = end + 4, answer.size = wanted;
        return (int)status;
      }
    }
    if (got == 0) return AWAY("it hung up after %zu bytes of its answer", size);
  }
}

// One request, one reply. Gives the exit status, -1 when the daemon is away.
static int exchange(const char *path, const char *data, size_t size, int64_t deadline) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return AWAY("the path is too long for a socket");
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return AWAY("making a socket: %s", strerror(errno));
  // The connection is made at once or not at all, but a full backlog says "again".
  while (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    if (errno != EAGAIN || now_ms() >= deadline) return AWAY("connecting: %s", strerror(errno));
    poll(NULL, 0, 5);
  }
  if (put_all(fd, data, size, deadline) < 0) return AWAY("sending the request: %s", strerror(errno));
  return read_reply(fd, deadline);
}

static int is_container_id(const char *id) {
  size_t size = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
  return size <= CONTAINER_ID_MAX && id[size] == '\0' && !strchr("_.-", id[0]);
}

static int is_interface_name(const char *name) {
  // Beside "/" and ":", Unicode white space in UTF-8; control bytes were refused before.
  static const char *const forbidden[] = {
      "/", ":", " ", "\xc2\x85", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",
      "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
  for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
    if (strstr(name, forbidden[i])) return 0;
  return strlen(name) <= INTERFACE_NAME_MAX && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

// Keeps a DEL for the daemon: whole and on disk under its final name before success is reported.
static int spool(const char *run_dir, const char *data, size_t size) {
  const char *id = value_of("CNI_CONTAINERID"), *link = value_of("CNI_IFNAME"), *path = value_of("CNI_PATH");
  if (*id && !is_container_id(id))
    return fail(BAD_ENVIRONMENT, "invalid container id", "CNI_CONTAINERID is %.300s", id);
  if (*link && !is_interface_name(link))
    return fail(BAD_ENVIRONMENT, "invalid interface name", "CNI_IFNAME is %.300s", link);
  if (!*id || !*link || !*path)
    return fail(BAD_ENVIRONMENT, "required environment variables are missing", "missing or empty:%s%s%s",
                *id ? "" : " CNI_CONTAINERID", *link ? "" : " CNI_IFNAME", *path ? "" : " CNI_PATH");

  // Neither part can have a colon, so that no two attachments share a name. Of an attachment, both plugins owe a DEL.
  char name[256], temporary[280], type[32];
  json_text_member(request + HEAD_MAX, body_size, "type", type, sizeof type);
  snprintf(name, sizeof name, "%s:%s%s", id, link, strcmp(type, "egress-cni") == 0 ? ":egress-cni" : "");
  int run = -1, dir = -1, file = -1;
  mkdir(run_dir, 0700); // whatever is wrong with it, opening it tells
  if ((run = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) goto failed;
  if (mkdirat(run, "deferred-del", 0700) < 0 && errno != EEXIST) goto failed;
  if ((dir = openat(run, "deferred-del", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) goto failed;
  // The next number when a launcher died that had our pid, or another pid namespace has one that lives.
  for (int number = getpid(), last = number + SPOOL_TRIES; file < 0; number++) {
    snprintf(temporary, sizeof temporary, ".%s.%d", name, number);
    file = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 && (errno != EEXIST || number == last)) goto failed;
  }
  if (put_all(file, data, size, deadline_after(STDIO_MS)) < 0 || fsync(file) < 0) goto failed;
  if (renameat(dir, temporary, dir, name) < 0 || fsync(dir) < 0 || fsync(run) < 0) goto failed;
  return 0;

failed:;
  int error = errno;
  if (file >= 0) unlinkat(dir, temporary, 0);
  return fail(TRY_AGAIN_LATER, "the DEL can be neither delivered nor deferred",
              "writing to %.1000s/deferred-del: %s; aws-node is away at %.1000s/cni.sock: %s; " LOOK_AT,
              run_dir, strerror(error), run_dir, why);
}

// Writes the header lines of the variables that are set; gives the one that cannot be a header's value.
static const char *write_head(void) {
  int size = sprintf(head, "POST /v1/cni HTTP/1.1\r\nHost: ipamd\r\n");
  for (size_t i = 0; i < sizeof VARIABLES / sizeof *VARIABLES; i++) {
    const char *value = value_of(VARIABLES[i].variable);
    size_t length = strlen(value);
    if (length == 0) continue;
    // HTTP would lose blanks at the ends.
    if (length > VALUE_MAX || value[0] == ' ' || value[length - 1] == ' ') return VARIABLES[i].variable;
    for (const char *at = value; *at; at++)
      if ((unsigned char)*at < ' ' || *at == 0x7f) return VARIABLES[i].variable;
    size += sprintf(head + size, "%s: %s\r\n", VARIABLES[i].header, value);
  }
  return NULL;
}

static int deliver(const char *command) {
  const struct verb *verb = VERBS;
  while (*verb->name && strcmp(verb->name, command) != 0) verb++;
  const char *refused = write_head();
  if (refused)
    return fail(BAD_ENVIRONMENT, "an environment variable cannot be passed on",
                "%s has a control character, a blank at an end, or more than %d bytes", refused, VALUE_MAX);

  int64_t deadline = deadline_after(STDIO_MS);
  for (ssize_t got = 1; got > 0 && body_size <= BODY_MAX; body_size += (size_t)got) {
    got = get_some(STDIN_FILENO, request + HEAD_MAX + body_size, BODY_MAX + 1 - body_size, deadline);
    if (got < 0) return fail(IO_FAILURE, "cannot read stdin", "%s", strerror(errno));
  }
  if (body_size > BODY_MAX) return fail(IO_FAILURE, "cannot read stdin", "it exceeds %d bytes", BODY_MAX);
  size_t head_size = strlen(head);
  head_size += (size_t)sprintf(head + head_size, "Content-Length: %zu\r\nConnection: close\r\n\r\n", body_size);
  const char *data = memcpy(request + HEAD_MAX - head_size, head, head_size);

  const char *run_dir = value_of("AWS_VPC_K8S_CNI_RUN_DIR");
  if (!*run_dir) run_dir = "/var/run/aws-node";
  char path[1024];
  snprintf(path, sizeof path, "%s/cni.sock", run_dir);
  int status = exchange(path, data, head_size + body_size, deadline_after(verb->limit_ms));
  if (status >= 0) return status;
  if (strcmp(command, "DEL") == 0) return spool(run_dir, data, head_size + body_size);
  if (verb->away_code == BAD_ENVIRONMENT)
    return fail(BAD_ENVIRONMENT, "unknown CNI_COMMAND", "CNI_COMMAND is %.100s", command);
  return fail(verb->away_code, "the node's network daemon (aws-node) is away", "%s: %s; " LOOK_AT, path, why);
}

int main(void) {
  // The socket would get the number of a closed stdin, stdout or stderr. This reads as empty, refuses writes.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) return 1;
  signal(SIGPIPE, SIG_IGN); // a reader that has gone shows as EPIPE

  int64_t started_at = now_ms();
  const char *command = value_of("CNI_COMMAND");
  if (strcmp(command, "VERSION") == 0) return print(VERSION_INFO, strlen(VERSION_INFO)) < 0;
  if (!*command) {
    put_all(STDERR_FILENO, ABOUT, strlen(ABOUT), deadline_after(STDIO_MS));
    return 0;
  }
  int status = deliver(command);
  if (print(answer.data, answer.size) < 0) status = 1;
  int is_asking = strcmp(command, "ADD") != 0 && strcmp(command, "DEL") != 0; // changes nothing
  log_call(&(struct call){
      .conf = request + HEAD_MAX, .conf_size = body_size, .output = answer.data, .output_size = answer.size, .why = why,
      .exit_code = status, .elapsed_ms = now_ms() - started_at,
      .level = status != 0 ? LEVEL_ERROR : *why ? LEVEL_WARN : is_asking ? LEVEL_DEBUG : LEVEL_INFO});
  return status;
}
