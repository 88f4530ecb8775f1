import { isErrno } from '../host-network-error.ts';
import type { Links } from '../netlink/links.ts';

/**
 * The first of the link groups of host links whose pod is gone. Nothing else may be in them: all of a group is
 * deleted at once.
 */
export const DOOMED_LINK_GROUP = 0x64_6f_6f_6d;

const GROUP_COUNT = 16;

/** Links that go together: while the kernel takes them down, nobody else changes anything about links. */
export const LINKS_PER_SWEEP = 32;

/** What sweeping needs of {@link Links}. */
export type SweptLinks = Pick<Links, 'change' | 'deleteGroup'>;

/**
 * Deletes links in batches, off the JavaScript thread.
 *
 * Deleting a veth pair makes the kernel wait some 20 ms, one by one or many at a time. So a link is marked
 * at once and deleted by the next sweep: the first starts immediately, and what comes while it runs goes
 * together with the one after it. A crowd goes in several sweeps, because an ADD has to wait while one takes
 * its links down. Marks are in the kernel, so a restart forgets none.
 */
export class LinkSweeper {
  readonly #links: SweptLinks;
  readonly #marked = new Set<number>();
  #filling = { group: DOOMED_LINK_GROUP, linkCount: 0 };
  #sweeping: Promise<void> | undefined;

  constructor(links: SweptLinks) {
    this.#links = links;
  }

  /** Marks a link and sees that it is swept. @returns false when there is no such link. */
  doom(linkIndex: number): boolean {
    if (this.#filling.linkCount >= LINKS_PER_SWEEP) this.#fillNext();
    const { group } = this.#filling;
    try {
      this.#links.change({ index: linkIndex }, { group });
    } catch (error) {
      if (isErrno(error, 'ENODEV')) return false;
      throw error;
    }
    this.#filling.linkCount += 1;
    this.#sweep(group);
    return true;
  }

  /** Sweeps what an earlier process may have marked. */
  sweep(): void {
    this.#sweep(...Array.from({ length: GROUP_COUNT }, (_, n) => DOOMED_LINK_GROUP + n));
  }

  get isSweeping(): boolean {
    return this.#sweeping !== undefined;
  }

  /** Resolves when no sweep is due; rejects when the running one is refused. */
  async settled(): Promise<void> {
    while (this.#sweeping !== undefined) await this.#sweeping;
  }

  #sweep(...groups: readonly number[]): void {
    for (const group of groups) this.#marked.add(group);
    if (this.#sweeping !== undefined) return;
    this.#sweeping = this.#sweepAll();
    // Whoever needs to know asks settled(); the marks stay for the next sweep.
    this.#sweeping.catch(() => {});
  }

  async #sweepAll(): Promise<void> {
    try {
      // Groups that are marked meanwhile are visited, too.
      for (const group of this.#marked) {
        // What is doomed from now on needs a sweep of its own.
        if (group === this.#filling.group) this.#fillNext();
        this.#marked.delete(group);
        await this.#deleteGroup(group);
      }
    } finally {
      this.#sweeping = undefined;
    }
  }

  async #deleteGroup(group: number): Promise<void> {
    try {
      await this.#links.deleteGroup(group);
    } catch (error) {
      this.#marked.add(group);
      throw error;
    }
  }

  #fillNext(): void {
    const number = (this.#filling.group - DOOMED_LINK_GROUP + 1) % GROUP_COUNT;
    this.#filling = { group: DOOMED_LINK_GROUP + number, linkCount: 0 };
  }
}
