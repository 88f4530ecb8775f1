// grpc-health-probe: asks a gRPC server for its health, as the program of that name that Kubernetes' probes execute.
//
//   grpc-health-probe -addr=unix:///PATH|HOST:PORT [-service=NAME] [-connect-timeout=5s] [-rpc-timeout=5s]
//
// Exit status: 0 serving, 1 bad arguments, 2 no connection, 3 the call failed, 4 not serving.
//
// It is executed every few seconds on every node, so it is a few kilobytes of C. One call takes four frames of HTTP/2
// (RFC 9113), whose bytes are known beforehand but for the lengths of two names. Of the answer only DATA is read:
// a server that refuses the call sends none. Headers are not, so that no HPACK is needed.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SERVING_EXIT = 0, USAGE_EXIT = 1, CONNECT_EXIT = 2, CALL_EXIT = 3, NOT_SERVING_EXIT = 4 };
enum frame_type { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7 };
enum { FRAME_HEADER_BYTES = 9, MAX_FRAME_BYTES = 16384, MAX_NAME_BYTES = 100 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, STREAM = 1, HEALTH_SERVING = 1 };

struct options {
  const char *address;
  const char *service;
  int64_t connect_ms;
  int64_t call_ms;
};

static _Noreturn void leave(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("grpc-health-probe: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(status);
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/// Waits for `events`; false when there are none before `deadline_ms`.
static bool wait_for(int fd, short events, int64_t deadline_ms) {
  struct pollfd entry = {.fd = fd, .events = events};
  int64_t left = deadline_ms - now_ms();
  return left > 0 && poll(&entry, 1, (int)left) == 1;
}

static int64_t parse_duration(const char *text) {
  char *end = NULL;
  double value = strtod(text, &end);
  double unit = strcmp(end, "ms") == 0 ? 1 : strcmp(end, "s") == 0 ? 1000 : strcmp(end, "m") == 0 ? 60000 : 0;
  if (end == text || unit == 0 || value <= 0 || value * unit > 3600000) {
    leave(USAGE_EXIT, "%s is no duration, expected one like 5s or 500ms, above 0", text);
  }
  return (int64_t)(value * unit);
}

/// The value of `-name=value`, with one hyphen or two; NULL when it is another option.
static const char *value_of(const char *argument, const char *name) {
  argument += argument[0] == '-';
  argument += argument[0] == '-';
  size_t length = strlen(name);
  return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

static struct options parse_options(int count, char **arguments) {
  struct options options = {.address = "", .service = "", .connect_ms = 1000, .call_ms = 1000};
  for (int index = 1; index < count; index++) {
    const char *argument = arguments[index];
    const char *value = NULL;
    if ((value = value_of(argument, "addr")) != NULL) options.address = value;
    else if ((value = value_of(argument, "service")) != NULL) options.service = value;
    else if ((value = value_of(argument, "connect-timeout")) != NULL) options.connect_ms = parse_duration(value);
    else if ((value = value_of(argument, "rpc-timeout")) != NULL) options.call_ms = parse_duration(value);
    else if (value_of(argument, "user-agent") == NULL && strcmp(argument, "-v") != 0) {
      leave(USAGE_EXIT, "unknown option %s", argument);
    }
  }
  if (options.address[0] == '\0') leave(USAGE_EXIT, "-addr is missing, expected host:port or unix:///path");
  if (strlen(options.service) > MAX_NAME_BYTES) leave(USAGE_EXIT, "-service is longer than %d", MAX_NAME_BYTES);
  return options;
}

static socklen_t parse_address(const char *text, struct sockaddr_storage *address) {
  memset(address, 0, sizeof *address);
  if (strncmp(text, "unix:", 5) == 0) {
    struct sockaddr_un *local = (struct sockaddr_un *)address;
    const char *path = text + 5 + (strncmp(text + 5, "//", 2) == 0 ? 2 : 0);
    if (strlen(path) >= sizeof local->sun_path) leave(USAGE_EXIT, "%s is too long for a socket", path);
    local->sun_family = AF_UNIX;
    memcpy(local->sun_path, path, strlen(path) + 1);
    return sizeof *local;
  }
  struct sockaddr_in *internet = (struct sockaddr_in *)address;
  const char *colon = strrchr(text, ':');
  char host[64] = "127.0.0.1"; // as in ":50051"
  size_t length = colon == NULL ? sizeof host : (size_t)(colon - text);
  if (length >= sizeof host) leave(USAGE_EXIT, "-addr is %s, expected host:port or unix:///path", text);
  if (length > 0) snprintf(host, sizeof host, "%.*s", (int)length, text);
  const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
  long port = strtol(colon + 1, NULL, 10);
  if (inet_pton(AF_INET, numeric, &internet->sin_addr) != 1 || port < 1 || port > 65535) {
    leave(USAGE_EXIT, "-addr is %s, expected an IPv4 address and a port", text);
  }
  internet->sin_family = AF_INET;
  internet->sin_port = htons((uint16_t)port);
  return sizeof *internet;
}

static int open_connection(const struct options *options) {
  struct sockaddr_storage address;
  socklen_t length = parse_address(options->address, &address);
  int64_t deadline = now_ms() + options->connect_ms;
  int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int error = fd < 0 || (connect(fd, (struct sockaddr *)&address, length) != 0) ? errno : 0;
  if (error == EINPROGRESS || error == EAGAIN) {
    socklen_t size = sizeof error;
    error = ETIMEDOUT;
    if (wait_for(fd, POLLOUT, deadline)) getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) leave(CONNECT_EXIT, "cannot connect to %s: %s", options->address, strerror(error));
  return fd;
}

static void send_all(int fd, const uint8_t *bytes, size_t length, int64_t deadline) {
  for (size_t sent = 0; sent < length;) {
    ssize_t count = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) leave(CALL_EXIT, "cannot send: %s", strerror(errno));
    if (count < 0 && !wait_for(fd, POLLOUT, deadline)) leave(CALL_EXIT, "no time left to send");
    if (count > 0) sent += (size_t)count;
  }
}

static void receive(int fd, uint8_t *bytes, size_t length, int64_t deadline) {
  for (size_t received = 0; received < length;) {
    if (!wait_for(fd, POLLIN, deadline)) leave(CALL_EXIT, "no answer in time");
    ssize_t count = recv(fd, bytes + received, length - received, 0);
    if (count == 0) leave(CALL_EXIT, "the server ended the connection");
    if (count < 0 && errno != EAGAIN && errno != EINTR) leave(CALL_EXIT, "cannot receive: %s", strerror(errno));
    if (count > 0) received += (size_t)count;
  }
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t length) {
  memcpy(at, bytes, length);
  return at + length;
}

static uint8_t *put_frame_header(uint8_t *at, size_t length, enum frame_type type, uint8_t flags, uint8_t stream) {
  const uint8_t header[FRAME_HEADER_BYTES] = {
    (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length, (uint8_t)type, flags, 0, 0, 0, stream};
  return put(at, header, sizeof header);
}

/// A literal header field without indexing (RFC 7541, 6.2.2); both lengths fit in seven bits.
static uint8_t *put_field(uint8_t *at, const char *name, const char *value) {
  *at++ = 0;
  *at++ = (uint8_t)strlen(name);
  at = put(at, name, strlen(name));
  *at++ = (uint8_t)strlen(value);
  return put(at, value, strlen(value));
}

static void send_request(int fd, const char *service, int64_t deadline) {
  uint8_t bytes[1024], fields[512];
  uint8_t *end = put_field(fields, ":method", "POST");
  end = put_field(end, ":scheme", "http");
  end = put_field(end, ":path", "/grpc.health.v1.Health/Check");
  end = put_field(end, ":authority", "localhost");
  end = put_field(end, "content-type", "application/grpc");
  end = put_field(end, "user-agent", "grpc-health-probe");
  end = put_field(end, "te", "trailers");

  // HealthCheckRequest { string service = 1 }, after gRPC's five bytes: not compressed, and its length.
  uint8_t message[5 + 2 + MAX_NAME_BYTES] = {0};
  uint8_t length = (uint8_t)strlen(service);
  uint8_t message_length = length == 0 ? 0 : (uint8_t)(length + 2);
  message[4] = message_length;
  message[5] = 1 << 3 | 2;
  message[6] = length;
  memcpy(message + 7, service, length);

  static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  uint8_t *at = put(bytes, preface, sizeof preface - 1);
  at = put_frame_header(at, 0, SETTINGS, 0, 0);
  at = put_frame_header(at, (size_t)(end - fields), HEADERS, END_HEADERS, STREAM);
  at = put(at, fields, (size_t)(end - fields));
  at = put_frame_header(at, 5u + message_length, DATA, END_STREAM, STREAM);
  at = put(at, message, 5u + message_length);
  send_all(fd, bytes, (size_t)(at - bytes), deadline);
}

/// What of the answer has come: gRPC's five bytes, and HealthCheckResponse { ServingStatus status = 1 }.
struct answer {
  uint8_t bytes[64];
  size_t length;
};

/// Appends DATA; true when the message is whole. It may come in any number of frames.
static bool append(struct answer *answer, const uint8_t *data, size_t length) {
  if (length > sizeof answer->bytes - answer->length) leave(CALL_EXIT, "the answer is not one of a health check");
  memcpy(answer->bytes + answer->length, data, length);
  answer->length += length;
  return answer->length >= 5 && answer->length - 5 >= answer->bytes[4];
}

/// The status; without one it is 0, UNKNOWN, as protobuf leaves out zeroes.
static int status_of(const struct answer *answer) {
  const uint8_t *message = answer->bytes + 5;
  return answer->length >= 7 && message[0] == 1 << 3 ? message[1] : 0;
}

static int await_status(int fd, int64_t deadline) {
  static uint8_t payload[MAX_FRAME_BYTES];
  struct answer answer = {.length = 0};
  for (;;) {
    uint8_t header[FRAME_HEADER_BYTES];
    receive(fd, header, sizeof header, deadline);
    size_t length = (size_t)header[0] << 16 | (size_t)header[1] << 8 | header[2];
    uint8_t type = header[3], flags = header[4];
    if (length > sizeof payload) leave(CALL_EXIT, "a frame of %zu bytes, expected %d at most", length, MAX_FRAME_BYTES);
    receive(fd, payload, length, deadline);
    if (type == SETTINGS && (flags & ACK) == 0) {
      uint8_t acknowledgement[FRAME_HEADER_BYTES];
      put_frame_header(acknowledgement, 0, SETTINGS, ACK, 0);
      send_all(fd, acknowledgement, sizeof acknowledgement, deadline);
    }
    if (type == DATA && append(&answer, payload, length)) return status_of(&answer);
    if (type == RST_STREAM || type == GOAWAY) leave(CALL_EXIT, "the server refused the call");
    if ((type == DATA || type == HEADERS) && (flags & END_STREAM) != 0) leave(CALL_EXIT, "the server ended the call without a status; does it have that service?");
  }
}

int main(int count, char **arguments) {
  struct options options = parse_options(count, arguments);
  int fd = open_connection(&options);
  int64_t deadline = now_ms() + options.call_ms;
  send_request(fd, options.service, deadline);
  int status = await_status(fd, deadline);
  if (status != HEALTH_SERVING) leave(NOT_SERVING_EXIT, "not serving (status %d)", status);
  puts("status: SERVING");
  return SERVING_EXIT;
}
