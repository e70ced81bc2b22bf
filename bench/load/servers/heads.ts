/**
 * Owns the counting of request heads in a byte stream, for servers that answer canned bytes. Knows no grammar: a head
 * ends at CRLF CRLF.
 *
 * @module
 */

const CR = 0x0d;
const LF = 0x0a;

/** Counts how many heads end in each piece of one connection's bytes, wherever the pieces are cut. */
export class HeadCounter {
  /** How many bytes of CRLF CRLF were matched last: 0 to 3. */
  #matched = 0;

  /** Gives the number of heads that end in `bytes`. */
  count(bytes: Uint8Array): number {
    let heads = 0;
    let matched = this.#matched;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === CR) matched = matched === 2 ? 3 : 1;
      else if (byte !== LF) matched = 0;
      else if (matched === 1) matched = 2;
      else {
        if (matched === 3) heads++;
        matched = 0;
      }
    }
    this.#matched = matched;
    return heads;
  }
}
