// The little JSON that the launcher reads and writes.

#ifndef JSON_H
#define JSON_H

#include <stddef.h>

enum { JSON_ESCAPED = 6 }; // characters that one byte may become

// Writes bytes as the inside of a JSON text, NUL-terminated, and gives its length. What is not printable
// ASCII is escaped byte by byte, so that the JSON is valid whatever the bytes are. `to` has room for
// JSON_ESCAPED * size + 1.
size_t json_escape(const char *bytes, size_t size, char *to);

// Finds a text member of the outermost object; the last one counts. An absent member, a value that is no
// text, holds a NUL or does not fit leaves `to` empty. What else is wrong with the JSON does not matter here.
void json_text_member(const char *json, size_t size, const char *key, char *to, size_t room);

#endif
