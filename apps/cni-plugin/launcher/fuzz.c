// Fuzzes what reads foreign bytes: the daemon's replies, the configuration on stdin, the environment. Under
// libFuzzer (clang -fsanitize=fuzzer -DLIBFUZZER), or by itself: fuzz SEED RUNS mutates the samples below.

#define main launcher_main
#include "aws-cni.c"
#undef main

// A reply in pieces, as a socket delivers them.
static void fuzz_reply(const uint8_t *data, size_t size) {
  int ends[2];
  if (size < 1 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) abort();
  size_t first = data[0] * size / 256;
  put_all(ends[1], (const char *)data, first, now_ms() + 1000);
  put_all(ends[1], (const char *)data + first, size - first, now_ms() + 1000);
  close(ends[1]);
  memset(reply, 0, sizeof reply);
  answer.data = NULL, answer.size = 0;
  int status = read_reply(ends[0], now_ms() + 1000);
  close(ends[0]);
  if (status < -1 || status > 255) abort();
  // Of an answer, every byte was received.
  if (status >= 0 && (answer.data < reply || answer.data + answer.size > reply + size)) abort();
}

// The value, when there is one, fits; what was printed before it is escaped well.
static void fuzz_conf(const uint8_t *data, size_t size) {
  char *copy = malloc(size ? size : 1); // so that a byte too many is noticed
  char small[8], *escaped = malloc(JSON_ESCAPED * size + 1);
  if (!copy || !escaped) abort();
  memcpy(copy, data, size);
  json_text_member(copy, size, "pluginLogFile", small, sizeof small);
  if (strlen(small) >= sizeof small) abort();
  size_t length = json_escape(copy, size, escaped);
  if (strlen(escaped) != length || strpbrk(escaped, "\"\n")) abort();
  free(copy), free(escaped);
}

// Values of the six variables, with bars between them.
static void fuzz_environment(const uint8_t *data, size_t size) {
  char *copy = malloc(size + 1), *at = copy;
  if (!copy) abort();
  memcpy(copy, data, size), copy[size] = '\0';
  for (size_t i = 0; i < sizeof VARIABLES / sizeof *VARIABLES; i++) {
    char *value = at ? strsep(&at, "|") : NULL;
    if (value) setenv(VARIABLES[i].variable, value, 1);
    else unsetenv(VARIABLES[i].variable);
  }
  const char *id = value_of("CNI_CONTAINERID"), *link = value_of("CNI_IFNAME");
  if (is_container_id(id) && *id && is_interface_name(link) && *link && (strpbrk(id, "/:") || strpbrk(link, "/:"))) abort();
  const char *refused = write_head();
  size_t lines = 0;
  for (const char *line = head; !refused && (line = strstr(line, "\r\n")); line += 2) lines++;
  if (lines > 2 + sizeof VARIABLES / sizeof *VARIABLES) abort(); // a value became a line of its own
  free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  void (*const targets[])(const uint8_t *, size_t) = {fuzz_reply, fuzz_conf, fuzz_environment};
  targets[data[0] % 3](data + 1, size - 1);
  return 0;
}

#ifndef LIBFUZZER
static uint64_t state;

// xorshift64*
static size_t below(size_t limit) {
  state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
  return (size_t)((state * 0x2545f4914f6cdd1dULL) >> 33) % limit;
}

// The first byte chooses the target.
static const char *const SAMPLES[] = {
    "\x03HTTP/1.1 200 OK\r\nCni-Exit-Code: 0\r\nContent-Length: 3\r\n\r\nabc",
    "\x30HTTP/1.1 200 OK\r\nContent-Length: 3\r\ncni-exit-code:\t255 \r\nConnection: close\r\n\r\nabc",
    "\x33HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "\x01{\"cniVersion\":\"1.0.0\",\"a\":{\"pluginLogFile\":\"x\"},\"pluginLogFile\":\"\\u002fa\\n\\\\\",\"b\":[1,\"]\"]}",
    "\x31{\"pluginLogFile\" : \"\\ud83d\\ude00\", \"pluginLogFile\":\"/\xc3\xa4\"} x",
    "\x02" "ADD|sbx-81|/run/netns/p7|eth0|IgnoreUnknown=1;K8S_POD_NAME=cart|/opt/cni/bin",
    "\x32" "DEL|..||\xe2\x80\x83| |\x7f",
};
enum { SAMPLE_COUNT = sizeof SAMPLES / sizeof *SAMPLES, INPUT_MAX = 60000 };

static size_t mutate(uint8_t *input, size_t size) {
  static const char *const pieces[] = {"\r\n", "\r\n\r\n", ":", "\"", "\\u", "\\", "{", "}", "\n", "99999999", "-1",
                                       "HTTP/1.1 200", "Cni-Exit-Code:", "Content-Length:", "pluginLogFile"};
  size_t at = below(size);
  switch (below(6)) {
  case 0: input[at] ^= (uint8_t)(1u << below(8)); return size;
  case 1: input[at] = (uint8_t)below(256); return size;
  case 2: return at < 2 ? size : at; // cut
  case 3: { // a piece goes in
    const char *piece = pieces[below(sizeof pieces / sizeof *pieces)];
    size_t length = strlen(piece);
    memmove(input + at + length, input + at, size - at);
    memcpy(input + at, piece, length);
    return size + length;
  }
  case 4: { // a part goes
    size_t length = below(size - at) + 1;
    memmove(input + at, input + at + length, size - at - length);
    return size - length;
  }
  default: { // a part comes twice
    size_t length = below(size - at) + 1;
    memmove(input + at + length, input + at, size - at);
    return size + length;
  }
  }
}

int main(int count, char **arguments) {
  static uint8_t input[2 * INPUT_MAX + 64];
  if (count != 3) return 2;
  state = strtoull(arguments[1], NULL, 10) * 2 + 1;
  unsigned long runs = strtoul(arguments[2], NULL, 10);
  for (unsigned long run = 0; run < runs; run++) {
    const char *sample = SAMPLES[below(SAMPLE_COUNT)];
    size_t size = strlen(sample);
    memcpy(input, sample, size);
    for (size_t changes = below(12); changes > 0 && size >= 2 && size < INPUT_MAX; changes--) size = mutate(input, size);
    LLVMFuzzerTestOneInput(input, size);
  }
  printf("%lu runs\n", runs);
  return 0;
}
#endif
