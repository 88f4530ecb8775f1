#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t json_escape(const char *bytes, size_t size, char *to) {
  char *start = to;
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    int is_plain = byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
    to += sprintf(to, is_plain ? "%c" : "\\u%04x", byte);
  }
  *to = '\0';
  return (size_t)(to - start);
}

// One byte of a text that is being read; what does not fit makes the text unusable.
struct sink { char *to; size_t room, size; int is_usable; };

static void put(struct sink *sink, unsigned byte) {
  if (byte == 0 || sink->size + 1 >= sink->room) sink->is_usable = 0;
  else sink->to[sink->size++] = (char)byte;
}

static void put_code_point(struct sink *sink, unsigned code) {
  if (code >= 0xd800 && code < 0xe000) sink->is_usable = 0; // half of a pair: no path has one
  if (code < 0x80) put(sink, code);
  else if (code < 0x800) put(sink, 0xc0 | code >> 6), put(sink, 0x80 | (code & 0x3f));
  else put(sink, 0xe0 | code >> 12), put(sink, 0x80 | (code >> 6 & 0x3f)), put(sink, 0x80 | (code & 0x3f));
}

// Reads the text whose opening quote is at `at`; gives the place after its end.
static const char *read_text(const char *at, const char *end, struct sink *sink) {
  static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
  sink->size = 0, sink->is_usable = 1;
  for (at++; at < end && *at != '"'; at++) {
    if (*at != '\\') {
      put(sink, (unsigned char)*at);
      continue;
    }
    if (++at == end) break;
    const char *letter = *at ? strchr(letters, *at) : NULL;
    if (*at == 'u') {
      char digits[5] = "";
      if (end - at > 4) memcpy(digits, at + 1, 4), at += 4;
      put_code_point(sink, strspn(digits, "0123456789abcdefABCDEF") == 4 ? (unsigned)strtoul(digits, NULL, 16) : 0);
    } else put(sink, letter ? (unsigned char)meant[letter - letters] : (unsigned char)*at);
  }
  if (sink->room > 0) sink->to[sink->is_usable ? sink->size : 0] = '\0';
  return at < end ? at + 1 : end;
}

static const char *skip_blanks(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
  return at;
}

void json_text_member(const char *json, size_t size, const char *key, char *to, size_t room) {
  char name[32];
  struct sink found_name = {.to = name, .room = sizeof name}, value = {.to = to, .room = room};
  const char *at = json, *end = json + size;
  *to = '\0';
  for (long depth = 0; at < end;) {
    if (*at != '"') {
      if (*at == '{' || *at == '[') depth++;
      if ((*at == '}' || *at == ']') && --depth <= 0) return;
      at++;
      continue;
    }
    at = skip_blanks(read_text(at, end, &found_name), end);
    // A text in front of a colon is a key; at depth 1 it is one of the outermost object.
    if (depth != 1 || at == end || *at != ':' || !found_name.is_usable || strcmp(name, key) != 0) continue;
    at = skip_blanks(at + 1, end);
    *to = '\0';
    if (at < end && *at == '"') at = read_text(at, end, &value);
  }
}
