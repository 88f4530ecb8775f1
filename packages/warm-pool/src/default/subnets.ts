import type { PoolState, SubnetHint } from '../pool-state.ts';
import { PREFIX_SIZE } from '../prefix-size.ts';
import { addressesBroughtBy } from './in-flight.ts';

/** Where a new ENI may go, and how many addresses it can have there besides its primary one. */
export interface NewEniPlace {
  /** Left out when nothing is known of any subnet. */
  readonly subnetId?: string;
  readonly roomCount: number;
}

/** Room of the subnets; goes down while a plan asks for their addresses. */
export class Subnets {
  readonly #hints = new Map<string, SubnetHint>();
  readonly #freeCounts = new Map<string, number>();
  readonly #nowMs: number;

  constructor({ subnets = [], enis, inFlight }: PoolState, nowMs: number) {
    this.#nowMs = nowMs;
    for (const hint of subnets) {
      this.#hints.set(hint.subnetId, hint);
      this.#freeCounts.set(hint.subnetId, hint.freeCount ?? Number.POSITIVE_INFINITY);
    }
    if (subnets.length > 0) {
      const subnetOf = new Map(enis.map(({ eniId, subnetId }) => [eniId, subnetId]));
      for (const action of inFlight) {
        const isNew = action.kind === 'create-eni' || action.kind === 'create-eni-with-prefixes';
        const subnetId =
          'eniId' in action ? subnetOf.get(action.eniId) : isNew ? action.subnetId : undefined;
        this.take(subnetId, addressesBroughtBy(action, PREFIX_SIZE) + (isNew ? 1 : 0));
      }
    }
  }

  /** Single addresses that an ENI in this subnet can get. A subnet of which nothing is known has room. */
  addressRoom(subnetId: string | undefined): number {
    const freeCount = subnetId === undefined ? undefined : this.#freeCounts.get(subnetId);
    if (subnetId === undefined || freeCount === undefined) {
      return Number.POSITIVE_INFINITY;
    }
    return this.#isBackingOff(subnetId) ? 0 : Math.max(0, freeCount);
  }

  /** Prefixes that an ENI in this subnet can get. */
  prefixRoom(subnetId: string | undefined): number {
    return this.hasPrefixes(subnetId) ? Math.floor(this.addressRoom(subnetId) / PREFIX_SIZE) : 0;
  }

  /** False where the subnet has no free /28, however many single addresses. */
  hasPrefixes(subnetId: string | undefined): boolean {
    return subnetId === undefined || this.#hints.get(subnetId)?.isFragmented !== true;
  }

  take(subnetId: string | undefined, addressCount: number): void {
    if (subnetId !== undefined) {
      const freeCount = this.#freeCounts.get(subnetId);
      if (freeCount !== undefined) {
        this.#freeCounts.set(subnetId, freeCount - addressCount);
      }
    }
  }

  /** The subnet for a new ENI: most room first, then by id. */
  forNewEni(unit: 'address' | 'prefix'): NewEniPlace | undefined {
    if (this.#hints.size === 0) {
      return { roomCount: Number.POSITIVE_INFINITY };
    }
    let best: Required<NewEniPlace> | undefined;
    for (const { subnetId, isFragmented, acceptsNewEnis } of this.#hints.values()) {
      const roomCount = this.addressRoom(subnetId) - 1;
      const isFit = unit === 'address' || (isFragmented !== true && roomCount >= PREFIX_SIZE);
      if (acceptsNewEnis === false || roomCount < 1 || !isFit) {
        continue;
      }
      if (
        best === undefined ||
        roomCount > best.roomCount ||
        (roomCount === best.roomCount && subnetId < best.subnetId)
      ) {
        best = { subnetId, roomCount };
      }
    }
    return best;
  }

  /** When the first of the subnets that are backing off may be asked again. */
  get nextOpenAtMs(): number | undefined {
    let nextMs: number | undefined;
    for (const { subnetId, backoffUntilMs } of this.#hints.values()) {
      if (backoffUntilMs !== undefined && this.#isBackingOff(subnetId)) {
        nextMs = Math.min(nextMs ?? backoffUntilMs, backoffUntilMs);
      }
    }
    return nextMs;
  }

  #isBackingOff(subnetId: string): boolean {
    const untilMs = this.#hints.get(subnetId)?.backoffUntilMs;
    return untilMs !== undefined && untilMs > this.#nowMs;
  }
}
