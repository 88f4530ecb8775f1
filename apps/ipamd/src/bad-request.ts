/** What a caller of the daemon's socket got wrong: the field, its value and what was expected. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** A text at `path` of a JSON body, such as `['key', 'containerId']`. */
export function textAt(
  body: unknown,
  path: readonly string[],
  { mayBeEmpty = false }: { readonly mayBeEmpty?: boolean } = {},
): string {
  const value = valueAt(body, path);
  if (typeof value === 'string' && (mayBeEmpty || value !== '')) return value;
  const expected = mayBeEmpty ? 'a text' : 'a text that is not empty';
  throw new BadRequest(
    `${path.join('.')} is ${JSON.stringify(value) ?? 'missing'}, expected ${expected}`,
  );
}

/** What is at `path` of a JSON body; `undefined` when there is nothing. */
export function valueAt(body: unknown, path: readonly string[]): unknown {
  let value: unknown = body;
  for (const name of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  }
  return value;
}
