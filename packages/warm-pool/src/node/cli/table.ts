/** Columns: the first to the left, the others to the right if they are figures. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  content: 'figures' | 'words' = 'figures',
): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => [...(line[column] ?? '')].length)),
  );
  const format = (line: readonly string[]) =>
    widths
      .map((width, column) => {
        const cell = line[column] ?? '';
        const gap = ' '.repeat(width - [...cell].length);
        return column === 0 || content === 'words' ? cell + gap : gap + cell;
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  const [first = '', ...others] = lines.map(format);
  return `${[first, rule, ...others].join('\n')}\n`;
}

/** A time as people say it: `0`, `230 ms`, `4.2 s`, `3.5 min`, `2 h`. */
export function duration(ms: number): string {
  const [unit, size] =
    ms < 1_000
      ? (['ms', 1] as const)
      : ms < 120_000
        ? (['s', 1_000] as const)
        : ms < 7_200_000
          ? (['min', 60_000] as const)
          : (['h', 3_600_000] as const);
  return ms === 0 ? '0' : `${figure(ms / size)} ${unit}`;
}

/** A figure with as many decimals as matter, thousands set apart. */
export function figure(value: number): string {
  const decimals = Math.abs(value) < 10 && !Number.isInteger(value) ? 1 : 0;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}
