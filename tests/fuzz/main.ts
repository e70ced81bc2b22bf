/**
 * Owns the fuzzing loop: `deno task fuzz [--seconds N] [--seed S] [target…]`. Inputs of each target's corpus are mutated at
 * random; one that fails is printed as hex, and saved where that is allowed.
 *
 * @module
 */

import { targets as hpack } from "./hpack_fuzz.ts";
import { targets as http1 } from "./http1_fuzz.ts";
import { targets as http2Connection } from "./http2_connection_fuzz.ts";
import { targets as http2Frames } from "./http2_frame_fuzz.ts";
import { targets as json } from "./json_fuzz.ts";
import { targets as server } from "./server_fuzz.ts";
import { type FuzzTarget, Random } from "./target.ts";
import { targets as webSocket } from "./websocket_fuzz.ts";

const TARGETS: readonly FuzzTarget[] = [
  ...hpack,
  ...http1,
  ...http2Frames,
  ...http2Connection,
  ...server,
  ...json,
  ...webSocket,
];

/** Longest input, in bytes: past the limits of the parsers. */
const MAX_INPUT = 32 * 1024;
/** Most changes to one input. */
const MAX_CHANGES = 8;

/** Gives a changed copy: octets flipped, cut out, doubled, or a word or a piece of another input put in. */
function mutate(target: FuzzTarget, corpus: readonly Uint8Array[], random: Random): Uint8Array {
  let input = corpus.length === 0 ? new Uint8Array(0) : random.pick(corpus);
  for (let count = random.below(MAX_CHANGES); count >= 0; count--) {
    const at = random.below(input.length + 1);
    const end = Math.min(input.length, at + random.below(random.pick([2, 16, 256])));
    input = splice(input, at, ...change(target, corpus, random, input, at, end));
  }
  return input.subarray(0, MAX_INPUT);
}

/** Gives where the part that is replaced ends, and what replaces it. */
function change(
  target: FuzzTarget,
  corpus: readonly Uint8Array[],
  random: Random,
  input: Uint8Array,
  at: number,
  end: number,
): [end: number, replacement: Uint8Array] {
  switch (random.below(5)) {
    case 0:
      return [Math.min(input.length, at + 1), Uint8Array.of(random.below(256))];
    case 1:
      return [end, new Uint8Array(0)];
    case 2:
      return [at, input.slice(at, end)];
    case 3:
      return [at, Uint8Array.from(random.pick(target.words), (character) => character.charCodeAt(0))];
    default: {
      const other = corpus.length === 0 ? input : random.pick(corpus);
      const start = random.below(other.length + 1);
      return [end, other.slice(start, start + random.below(200))];
    }
  }
}

function splice(input: Uint8Array, at: number, end: number, replacement: Uint8Array): Uint8Array {
  const output = new Uint8Array(at + replacement.length + input.length - end);
  output.set(input.subarray(0, at));
  output.set(replacement, at);
  output.set(input.subarray(end), at + replacement.length);
  return output;
}

/** Tells of an input that failed, and keeps it for a test. */
function report(target: FuzzTarget, seed: number, input: Uint8Array, failure: unknown): void {
  console.error(`${target.name} failed with seed ${seed}, on an input of ${input.length} bytes:`, failure);
  console.error(input.toHex());
  const file = new URL(`./${target.name}-${seed}.hex`, import.meta.url);
  if (Deno.permissions.querySync({ name: "write", path: file }).state !== "granted") return;
  Deno.writeTextFileSync(file, input.toHex());
  console.error(`saved as ${file.pathname}`);
}

/** Feeds one target for so many seconds; false where it failed. */
function fuzz(target: FuzzTarget, seconds: number, seed: number): boolean {
  const random = new Random(seed);
  const corpus = target.corpus();
  const end = performance.now() + seconds * 1000;
  let runs = 0;
  for (let next = performance.now() + 1000; performance.now() < end; runs++) {
    const input = mutate(target, corpus, random);
    try {
      target.run(input, random);
    } catch (failure) {
      report(target, seed, input, failure);
      return false;
    }
    if (performance.now() < next) continue;
    console.log(`${target.name}: ${runs} inputs`);
    next += 1000;
  }
  console.log(`${target.name}: ${runs} inputs of ${corpus.length} seeds, none failed (seed ${seed})`);
  return true;
}

/** What the command line asks for. */
interface Request {
  seconds: number;
  seed: number;
  readonly names: string[];
}

function readArguments(args: readonly string[]): Request {
  const request: Request = { seconds: 10, seed: crypto.getRandomValues(new Uint32Array(1))[0]!, names: [] };
  for (let at = 0; at < args.length; at++) {
    const argument = args[at]!;
    if (argument !== "--seconds" && argument !== "--seed") {
      request.names.push(argument);
      continue;
    }
    const number = Number(args[++at]);
    if (!(number >= 0)) throw new TypeError(`Cannot fuzz as ${argument} must be a number: received ${args[at]}`);
    if (argument === "--seconds") request.seconds = number;
    else request.seed = number;
  }
  const unknown = request.names.find((name) => TARGETS.every((target) => target.name !== name));
  if (unknown !== undefined) {
    const known = TARGETS.map((target) => target.name).join(", ");
    throw new TypeError(`Cannot fuzz as the target must be one of ${known}: received ${unknown}`);
  }
  return request;
}

if (import.meta.main) {
  try {
    const { seconds, seed, names } = readArguments(Deno.args);
    const chosen = TARGETS.filter(({ name }) => names.length === 0 || names.includes(name));
    const held = chosen.map((target) => fuzz(target, seconds, seed));
    if (held.includes(false)) Deno.exitCode = 1;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(error.message);
    Deno.exitCode = 2;
  }
}
