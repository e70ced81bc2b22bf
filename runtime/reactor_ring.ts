/**
 * Owns an order in which all come by turns, with room for none: the links are in its members. Must not know what they are.
 *
 * @module
 */

/** What can be in a {@linkcode Ring}; the links are the ring's to change, `undefined` while it is in none. */
export interface Linked<N> {
  /** Who comes before it. */
  previous: N | undefined;
  /** Who comes after it. */
  following: N | undefined;
}

/** Members in a circle: to add, remove and go on to the next costs the same however many there are. */
export class Ring<N extends Linked<N>> {
  #first: N | undefined = undefined;
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Adds a member behind all others; does nothing if it is there. */
  add(member: N): void {
    if (member.following !== undefined) return;
    const first = this.#first ??= member;
    const last = first.previous ?? first;
    member.previous = last;
    member.following = first;
    last.following = member;
    first.previous = member;
    this.#size++;
  }

  /** Removes a member; does nothing if it is not there. */
  remove(member: N): void {
    const { previous, following } = member;
    if (previous === undefined || following === undefined) return;
    previous.following = following;
    following.previous = previous;
    if (this.#first === member) this.#first = following === member ? undefined : following;
    member.previous = member.following = undefined;
    this.#size--;
  }

  /** Gives the first member, and makes it the last. */
  next(): N | undefined {
    const first = this.#first;
    this.#first = first?.following;
    return first;
  }
}
