const LARGEST_INT64 = 2n ** 63n - 1n;

/** Reads what Go's `Atoi` reads: an optional sign and decimal digits within 64 bits. */
export const parseDecimal = (text: string): number | undefined =>
  /^[+-]?\d+$/.test(text) ? withinInt64(text, text.replace(/^[+-]/, '')) : undefined;

/** Reads what Go's `ParseInt` reads when the text tells the base: `128`, `0x80`, `0b1000`, `0o200`, `0200`. */
export function parseAnyBase(text: string): number | undefined {
  const [, digits] = /^[+-]?(0x[\da-f]+|0b[01]+|0o[0-7]+|0[0-7]*|[1-9]\d*)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return withinInt64(text, digits.replace(/^0(?=[0-7])/, '0o'));
}

/** Numbers that JavaScript cannot hold exactly are the greatest that it can. */
function withinInt64(text: string, digits: string): number | undefined {
  const size = BigInt(digits);
  if (size > LARGEST_INT64) return undefined;
  const number = Math.min(Number(size), Number.MAX_SAFE_INTEGER);
  return text.startsWith('-') && number !== 0 ? -number : number;
}
