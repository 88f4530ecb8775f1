import { isErrno } from '../host-network-error.ts';
import type { Links } from '../netlink/links.ts';

/**
 * The link group of host links whose pod is gone. Nothing else may be in it: all of it is deleted at once.
 */
export const DOOMED_LINK_GROUP = 0x64_6f_6f_6d;

/** What sweeping needs of {@link Links}. */
export type SweptLinks = Pick<Links, 'change' | 'deleteGroup'>;

/**
 * Deletes links in batches, off the JavaScript thread.
 *
 * Deleting a veth pair makes the kernel wait some 20 ms, one by one or a hundred at a time. So a link is
 * marked at once and deleted by the next sweep: the first starts immediately, and what comes while it
 * runs goes together with the one after it. Marks are in the kernel, so a restart forgets none.
 */
export class LinkSweeper {
  readonly #links: SweptLinks;
  #isWanted = false;
  #sweeping: Promise<void> | undefined;

  constructor(links: SweptLinks) {
    this.#links = links;
  }

  /** Marks a link and sees that it is swept. @returns false when there is no such link. */
  doom(linkIndex: number): boolean {
    try {
      this.#links.change({ index: linkIndex }, { group: DOOMED_LINK_GROUP });
    } catch (error) {
      if (isErrno(error, 'ENODEV')) return false;
      throw error;
    }
    this.sweep();
    return true;
  }

  /** Sweeps what is marked, also by an earlier process. */
  sweep(): void {
    this.#isWanted = true;
    if (this.#sweeping !== undefined) return;
    this.#sweeping = this.#sweepAll();
    // Whoever needs to know asks settled(); the marks stay for the next sweep.
    this.#sweeping.catch(() => {});
  }

  get isSweeping(): boolean {
    return this.#sweeping !== undefined;
  }

  /** Resolves when no sweep is due; rejects when the running one is refused. */
  async settled(): Promise<void> {
    while (this.#sweeping !== undefined) await this.#sweeping;
  }

  async #sweepAll(): Promise<void> {
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        await this.#links.deleteGroup(DOOMED_LINK_GROUP);
      }
    } finally {
      this.#sweeping = undefined;
    }
  }
}
