import type { Terminal } from './terminal.ts';

/** Shows how far a long run has come; nothing when nobody watches. */
export interface ProgressBar {
  /** From 0 to 1. */
  show(share: number): void;
  /** Wipes it away. */
  end(): void;
}

const WIDTH = 30;
/** Runs shorter than this show none: it would only flicker. */
const PATIENCE_MS = 300;
const CLEAR_LINE = '\r\u001b[K';

export function createProgressBar(
  { err, isErrTty }: Terminal,
  label: string,
  nowMs: () => number,
): ProgressBar {
  const startedAtMs = nowMs();
  let shownPercent = -1;
  return {
    show(share) {
      const percent = Math.floor(share * 100);
      if (!isErrTty || percent === shownPercent || nowMs() - startedAtMs < PATIENCE_MS) {
        return;
      }
      shownPercent = percent;
      const done = Math.round(share * WIDTH);
      err(`${CLEAR_LINE}${label} ${'█'.repeat(done)}${'░'.repeat(WIDTH - done)} ${percent} %`);
    },
    end() {
      if (shownPercent >= 0) {
        err(CLEAR_LINE);
      }
    },
  };
}
