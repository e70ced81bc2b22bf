/**
 * Owns SHA-1 (RFC 3174), which the opening handshake proves itself by: the platform's own only gives promises. For
 * nothing that has to be secure.
 *
 * @module
 */

const BLOCK = 64;

/** Digests octets, given one a character, into 20 octets. */
export function sha1(text: string): Uint8Array<ArrayBuffer> {
  const length = text.length;
  // §4: the bit 1, zeros, and the length in bits as 64 bits fill the last block.
  const padded = new Uint8Array(Math.ceil((length + 9) / BLOCK) * BLOCK);
  for (let at = 0; at < length; at++) padded[at] = text.charCodeAt(at);
  padded[length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(length / 2 ** 29));
  view.setUint32(padded.length - 4, length * 8);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const words = new Int32Array(80);
  for (let at = 0; at < padded.length; at += BLOCK) addBlock(state, words, view, at);
  const digest = new Uint8Array(20);
  const out = new DataView(digest.buffer);
  state.forEach((word, index) => out.setInt32(index * 4, word));
  return digest;
}

/** §6.1: one block's 80 steps. */
function addBlock(state: Int32Array, words: Int32Array, view: DataView, at: number): void {
  for (let t = 0; t < 16; t++) words[t] = view.getInt32(at + t * 4);
  for (let t = 16; t < 80; t++) {
    words[t] = rotate(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1);
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  for (let t = 0; t < 80; t++) {
    const next = rotate(a, 5) + mix(t, b, c, d) + e + words[t]! | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
  state[4] = state[4]! + e;
}

/** §5: the function and the constant of step `t`. */
function mix(t: number, b: number, c: number, d: number): number {
  if (t < 20) return (b & c | ~b & d) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return (b & c | b & d | c & d) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotate(word: number, bits: number): number {
  return word << bits | word >>> (32 - bits);
}
