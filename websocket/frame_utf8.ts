/**
 * Owns the check that octets are UTF-8 as they come, however they are cut; makes no text of them.
 *
 * @module
 */

/** How many octets are still to come, and which: the states of RFC 3629 §4's grammar. */
const State = {
  Start: 0,
  Tail: 1,
  TwoTails: 2,
  ThreeTails: 3,
  AfterE0: 4,
  AfterED: 5,
  AfterF0: 6,
  AfterF4: 7,
  Bad: 8,
} as const;

/** `[from, first octet, last octet, to]`; what stands not here is malformed. */
const RULES: readonly (readonly [from: number, first: number, last: number, to: number])[] = [
  [State.Start, 0x00, 0x7f, State.Start], // UTF8-1
  [State.Start, 0xc2, 0xdf, State.Tail], // UTF8-2
  [State.Start, 0xe0, 0xe0, State.AfterE0], // UTF8-3
  [State.Start, 0xe1, 0xec, State.TwoTails],
  [State.Start, 0xed, 0xed, State.AfterED],
  [State.Start, 0xee, 0xef, State.TwoTails],
  [State.Start, 0xf0, 0xf0, State.AfterF0], // UTF8-4
  [State.Start, 0xf1, 0xf3, State.ThreeTails],
  [State.Start, 0xf4, 0xf4, State.AfterF4],
  [State.AfterE0, 0xa0, 0xbf, State.Tail],
  [State.AfterED, 0x80, 0x9f, State.Tail],
  [State.AfterF0, 0x90, 0xbf, State.TwoTails],
  [State.AfterF4, 0x80, 0x8f, State.TwoTails],
  [State.Tail, 0x80, 0xbf, State.Start],
  [State.TwoTails, 0x80, 0xbf, State.Tail],
  [State.ThreeTails, 0x80, 0xbf, State.TwoTails],
];

/** The next state, by state and octet. */
const NEXT = new Uint8Array(9 * 256).fill(State.Bad);
for (const [from, first, last, to] of RULES) NEXT.fill(to, from << 8 | first, (from << 8 | last) + 1);

/** From this many bytes on, a look at eight at once costs less than one by one. */
const WORDS_FROM = 64;

/** The bits that no octet of ASCII has, four octets at once. */
const NOT_ASCII = 0x80808080 | 0;

/** Where the first eight octets stand that are not all ASCII. */
function skipAscii(bytes: Uint8Array, start: number, end: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = end - 8;
  let at = start;
  while (at <= last && ((view.getInt32(at) | view.getInt32(at + 4)) & NOT_ASCII) === 0) at += 8;
  return at;
}

/**
 * Checks text piece by piece.
 *
 * @example
 * ```ts
 * import { Utf8Check } from "@avx/http/websocket";
 *
 * const check = new Utf8Check();
 * console.log(check.add(Uint8Array.of(0xe2, 0x82), 0, 2), check.complete); // true false
 * console.log(check.add(Uint8Array.of(0xac), 0, 1), check.complete); // true true
 * console.log(check.add(Uint8Array.of(0xed, 0xa0), 0, 2)); // false: a surrogate
 * ```
 */
export class Utf8Check {
  #state: number = State.Start;

  /** Whether no character is cut in two. */
  get complete(): boolean {
    return this.#state === State.Start;
  }

  /** Takes the next octets; gives whether all so far may be UTF-8. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    let state = this.#state;
    let at = start;
    if (state === State.Start && end - start >= WORDS_FROM) at = skipAscii(bytes, start, end);
    for (; at < end && state !== State.Bad; at++) state = NEXT[state << 8 | bytes[at]!]!;
    this.#state = state;
    return state !== State.Bad;
  }

  /** Begins anew. */
  reset(): void {
    this.#state = State.Start;
  }
}
