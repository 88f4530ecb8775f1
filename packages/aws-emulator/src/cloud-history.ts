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
  #maxLagMs = 0;
  /** Oldest first; each one holds until the next. */
  #moments: Moment[] = [];

  constructor(cloud: Cloud, nowMs: () => number) {
    this.#cloud = cloud;
    this.#nowMs = nowMs;
  }

  /** Keeps as much of the past as a reader with this lag needs; 0 forgets all of it. */
  keep(maxLagMs: number): void {
    this.#maxLagMs = maxLagMs;
    this.record();
  }

  /** Notes the state as it is now. Called after every change. */
  record(): void {
    if (this.#maxLagMs <= 0) {
      this.#moments = [];
      return;
    }
    const nowMs = this.#nowMs();
    if (this.#moments.at(-1)?.atMs === nowMs) {
      this.#moments.pop();
    }
    this.#moments.push({ atMs: nowMs, cloud: this.#cloud.copy() });
    // One that is older than the lag is still needed, unless the next one is, too.
    const first = this.#moments.findLastIndex(({ atMs }) => atMs <= nowMs - this.#maxLagMs);
    this.#moments.splice(0, Math.max(first, 0));
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
