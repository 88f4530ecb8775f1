import type { CheckpointRelease } from './checkpoint.ts';
import type { IpAddress } from './ip-address.ts';

/**
 * When addresses were last released, oldest first, whether or not they are still on an ENI.
 *
 * It outlives the records: an address that EC2 takes away and gives back, or that a restart finds
 * again, is recognised and finishes its cool-down.
 */
export class ReleaseLog {
  readonly #releases = new Map<IpAddress, CheckpointRelease>();

  at(address: IpAddress): number | undefined {
    return this.#releases.get(address)?.releasedAtMs;
  }

  /** Call with instants that do not decrease; {@link turnBack} first when the clock did. */
  note(address: IpAddress, releasedAtMs: number): void {
    this.#releases.delete(address);
    this.#set(address, releasedAtMs);
  }

  forget(address: IpAddress): void {
    this.#releases.delete(address);
  }

  forgetBefore(instantMs: number): void {
    for (const { address, releasedAtMs } of this.#releases.values()) {
      if (releasedAtMs >= instantMs) {
        return;
      }
      this.#releases.delete(address);
    }
  }

  /** Takes over what an earlier process remembered; of two releases of an address the later counts. */
  merge(releases: Iterable<CheckpointRelease>): void {
    for (const { address, releasedAtMs } of releases) {
      this.#set(address, Math.max(releasedAtMs, this.at(address) ?? releasedAtMs));
    }
    const oldestFirst = this.all().toSorted((a, b) => a.releasedAtMs - b.releasedAtMs);
    this.#releases.clear();
    for (const release of oldestFirst) {
      this.#releases.set(release.address, release);
    }
  }

  /** The clock went back: nothing can have been released after `nowMs`. */
  turnBack(nowMs: number): void {
    for (const { address, releasedAtMs } of this.#releases.values()) {
      if (releasedAtMs > nowMs) {
        this.#set(address, nowMs);
      }
    }
  }

  /** The same object for a release as long as nothing is changed of it. */
  all(): readonly CheckpointRelease[] {
    return [...this.#releases.values()];
  }

  #set(address: IpAddress, releasedAtMs: number): void {
    this.#releases.set(address, { address, releasedAtMs });
  }
}
