import type { Cloud } from './cloud/cloud.ts';

interface Moment {
  readonly atMs: number;
  readonly cloud: Cloud;
}

/**
 * What the cloud looked like a while ago, for readers that lag behind.
 *
 * Nothing is kept while nobody lags, so the past begins when the first lag is set.
 */
export class CloudHistory {
  readonly #cloud: Cloud;
  readonly #nowMs: () => number;
  #lagsMs: readonly number[] = [];
  /** Oldest first; each one holds until the next. */
  readonly #moments: Moment[] = [];

  constructor(cloud: Cloud, nowMs: () => number) {
    this.#cloud = cloud;
    this.#nowMs = nowMs;
  }

  /** Keeps as much of the past as readers with these lags need; without any, nothing. */
  keepFor(lagsMs: readonly number[]): void {
    this.#lagsMs = lagsMs.filter((lagMs) => lagMs > 0);
    this.record();
  }

  /** Notes the state as it is now. Called after every change. */
  record(): void {
    if (this.#lagsMs.length === 0) {
      this.#moments.length = 0;
      return;
    }
    const nowMs = this.#nowMs();
    if (this.#moments.at(-1)?.atMs === nowMs && this.#moments.length > 1) {
      this.#moments.pop();
    }
    this.#moments.push({ atMs: nowMs, cloud: this.#cloud.copy() });
    this.#forget(nowMs);
  }

  /** Forgets what no reader can be shown any more. */
  #forget(nowMs: number): void {
    const finite = this.#lagsMs.filter(Number.isFinite);
    // The oldest is for readers that stand still.
    const keptFrom = finite.length < this.#lagsMs.length ? 1 : 0;
    // One that is older than the lag is still needed, unless the next one is, too.
    const needed = this.#moments.findLastIndex(
      ({ atMs }) => atMs <= nowMs - Math.max(0, ...finite),
    );
    this.#moments.splice(keptFrom, Math.max(needed - keptFrom, 0));
  }

  /**
   * The state as it was `lagMs` ago, or the oldest that is known.
   *
   * @param isUsable passes over states that the reader cannot be shown, older ones first.
   */
  asOf(lagMs: number, isUsable: (cloud: Cloud) => boolean = () => true): Cloud {
    if (lagMs <= 0) {
      return this.#cloud;
    }
    const thenMs = this.#nowMs() - lagMs;
    const known = this.#moments.filter(({ cloud }) => isUsable(cloud));
    return (known.findLast(({ atMs }) => atMs <= thenMs) ?? known[0])?.cloud ?? this.#cloud;
  }
}
