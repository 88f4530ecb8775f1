import type { PoolCounts } from './address-pool.ts';
import type { Ec2 } from './ec2.ts';

/** The fleet over one stretch of the trace. Counts of addresses, ENIs and pods are averages. */
export interface Sample {
  /** Where the stretch begins, in ms from the beginning of the trace. */
  readonly atMs: number;
  /** Addresses for pods that are assigned to the nodes: used + cooling + idle. */
  readonly heldCount: number;
  readonly usedCount: number;
  readonly coolingCount: number;
  /** Neither used nor cooling: free, or on their way back to EC2. */
  readonly idleCount: number;
  readonly eniCount: number;
  /** Pods on a node that have no address yet. */
  readonly waitingCount: number;
  /** EC2 calls, and how many of them were throttled, within the stretch. */
  readonly callCount: number;
  readonly throttledCount: number;
  /** ADDs that failed within the stretch. */
  readonly addFailureCount: number;
  /** The longest that a pod placed within the stretch waited; the end of the trace ends its wait. */
  readonly maxWaitMs: number;
}

/** What can be read off a fleet at any instant. */
export interface Gauges {
  readonly counts: Readonly<PoolCounts>;
  readonly ec2: Pick<Ec2, 'callCount' | 'throttledCount'>;
  readonly waitingCount: number;
  readonly addFailureCount: number;
}

/** Sums of a gauge times the ms it stood there. */
interface Areas {
  held: number;
  used: number;
  cooling: number;
  enis: number;
  waiting: number;
}

/** Averages over the whole trace. */
export type Averages = Pick<
  Sample,
  'heldCount' | 'usedCount' | 'coolingCount' | 'idleCount' | 'eniCount' | 'waitingCount'
>;

/** Watches the gauges of a fleet, and divides the trace into stretches of equal length. */
export class Timeline {
  readonly samples: Sample[] = [];
  peakHeldCount = 0;
  peakEniCount = 0;
  readonly #gauges: Gauges;
  readonly #stretchMs: number;
  readonly #durationMs: number;
  readonly #total = noAreas();
  #stretch = noAreas();
  #seenAtMs = 0;
  #before: Pick<Sample, 'callCount' | 'throttledCount' | 'addFailureCount'>;

  constructor(
    gauges: Gauges,
    options: { readonly durationMs: number; readonly sampleCount: number },
  ) {
    this.#gauges = gauges;
    this.#durationMs = options.durationMs;
    this.#stretchMs = options.durationMs / options.sampleCount;
    this.#before = this.#tallies();
  }

  /** Call before anything changes at `nowMs`: until then all was as the gauges say. */
  advanceTo(nowMs: number): void {
    if (nowMs <= this.#seenAtMs) {
      return;
    }
    const { heldCount, eniCount } = this.#gauges.counts;
    this.peakHeldCount = Math.max(this.peakHeldCount, heldCount);
    this.peakEniCount = Math.max(this.peakEniCount, eniCount);
    for (;;) {
      const endMs = this.#stretchMs * (this.samples.length + 1);
      if (nowMs < endMs || this.samples.length * this.#stretchMs >= this.#durationMs) {
        break;
      }
      this.#add(endMs - this.#seenAtMs);
      this.#seenAtMs = endMs;
      this.#close();
    }
    this.#add(nowMs - this.#seenAtMs);
    this.#seenAtMs = nowMs;
  }

  /** The calls so far belong to the time before the trace. */
  begin(): void {
    this.#before = this.#tallies();
  }

  get averages(): Averages {
    return averagesOf(this.#total, this.#durationMs);
  }

  #add(elapsedMs: number): void {
    const { counts, waitingCount } = this.#gauges;
    for (const areas of [this.#stretch, this.#total]) {
      areas.held += counts.heldCount * elapsedMs;
      areas.used += counts.reservedCount * elapsedMs;
      areas.cooling += counts.coolingCount * elapsedMs;
      areas.enis += counts.eniCount * elapsedMs;
      areas.waiting += waitingCount * elapsedMs;
    }
  }

  #close(): void {
    const now = this.#tallies();
    this.samples.push({
      atMs: this.samples.length * this.#stretchMs,
      ...averagesOf(this.#stretch, this.#stretchMs),
      callCount: now.callCount - this.#before.callCount,
      throttledCount: now.throttledCount - this.#before.throttledCount,
      addFailureCount: now.addFailureCount - this.#before.addFailureCount,
      maxWaitMs: 0,
    });
    this.#before = now;
    this.#stretch = noAreas();
  }

  #tallies() {
    const { ec2, addFailureCount } = this.#gauges;
    return { callCount: ec2.callCount, throttledCount: ec2.throttledCount, addFailureCount };
  }
}

const noAreas = (): Areas => ({ held: 0, used: 0, cooling: 0, enis: 0, waiting: 0 });

function averagesOf({ held, used, cooling, enis, waiting }: Areas, spanMs: number): Averages {
  const over = (area: number) => (spanMs === 0 ? 0 : area / spanMs);
  return {
    heldCount: over(held),
    usedCount: over(used),
    coolingCount: over(cooling),
    idleCount: over(held - used - cooling),
    eniCount: over(enis),
    waitingCount: over(waiting),
  };
}
