import type { IpAddress } from './ip-address.ts';

/**
 * When addresses were last released, oldest first, whether or not they are still on an ENI.
 *
 * It outlives the records: an address that EC2 takes away and gives back, or that a restart finds
 * again, is recognised and finishes its cool-down.
 */
export class ReleaseLog {
  readonly #releasedAtMs = new Map<IpAddress, number>();

  at(address: IpAddress): number | undefined {
    return this.#releasedAtMs.get(address);
  }

  /** Call with instants that do not decrease; {@link turnBack} first when the clock did. */
  note(address: IpAddress, releasedAtMs: number): void {
    this.#releasedAtMs.delete(address);
    this.#releasedAtMs.set(address, releasedAtMs);
  }

  forget(address: IpAddress): void {
    this.#releasedAtMs.delete(address);
  }

  forgetBefore(instantMs: number): void {
    for (const [address, releasedAtMs] of this.#releasedAtMs) {
      if (releasedAtMs >= instantMs) {
        return;
      }
      this.#releasedAtMs.delete(address);
    }
  }

  /** Takes over what an earlier process remembered; of two releases of an address the later counts. */
  merge(releases: Iterable<readonly [IpAddress, number]>): void {
    for (const [address, releasedAtMs] of releases) {
      this.#releasedAtMs.set(address, Math.max(releasedAtMs, this.at(address) ?? releasedAtMs));
    }
    const oldestFirst = [...this.#releasedAtMs].sort(([, a], [, b]) => a - b);
    this.#releasedAtMs.clear();
    for (const [address, releasedAtMs] of oldestFirst) {
      this.#releasedAtMs.set(address, releasedAtMs);
    }
  }

  /** The clock went back: nothing can have been released after `nowMs`. */
  turnBack(nowMs: number): void {
    for (const [address, releasedAtMs] of this.#releasedAtMs) {
      if (releasedAtMs > nowMs) {
        this.#releasedAtMs.set(address, nowMs);
      }
    }
  }

  entries(): IterableIterator<readonly [IpAddress, number]> {
    return this.#releasedAtMs.entries();
  }
}
