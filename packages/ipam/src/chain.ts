/** A member of at most one {@link Chain}, which keeps its neighbours in it. */
export interface ChainMember<T> {
  previous: T | undefined;
  next: T | undefined;
}

/** A doubly linked list through its members: adding and taking out any cost the same. */
export class Chain<T extends ChainMember<T>> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  get last(): T | undefined {
    return this.#last;
  }

  /** Adds after `before`, or in front of all others when that is `undefined`. */
  insertAfter(before: T | undefined, member: T): void {
    const after = before === undefined ? this.#first : before.next;
    member.previous = before;
    member.next = after;
    if (before === undefined) {
      this.#first = member;
    } else {
      before.next = member;
    }
    if (after === undefined) {
      this.#last = member;
    } else {
      after.previous = member;
    }
  }

  remove(member: T): void {
    const { previous, next } = member;
    if (previous === undefined) {
      this.#first = next;
    } else {
      previous.next = next;
    }
    if (next === undefined) {
      this.#last = previous;
    } else {
      next.previous = previous;
    }
    member.previous = undefined;
    member.next = undefined;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let member = this.#first; member !== undefined; member = member.next) {
      yield member;
    }
  }
}
