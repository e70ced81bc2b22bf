/**
 * Owns how a measured client talks to the harness, and the loop that it is measured in: so many requests in flight, each
 * begun when the one before it in its slot is done. Knows no client; runs on Deno and on Node.
 *
 * @module
 */

import process from "node:process";

/** How long a 64 MiB body is, in bytes. */
export const BODY_BYTES: number = 64 * 1024 * 1024;

/** What a client can do, each for a server on a port of 127.0.0.1. */
export interface MeasuredClient {
  /** Asks once, in one of the slots, and reads the answer whole; throws unless it is a 200 with 13 bytes. */
  get(slot: number): Promise<void>;
  /** Downloads 64 MiB and reads them as a stream. */
  download(slot: number): Promise<void>;
  /** Uploads these bytes, and reads the answer; throws unless it says how many they were. */
  upload(slot: number, body: Uint8Array<ArrayBuffer>): Promise<void>;
}

/** What is done again and again. */
export type Work = keyof MeasuredClient;

/** Throws unless an answer is what it must be. */
export function check(what: string, received: unknown, expected: unknown): void {
  if (received !== expected) throw new Error(`Cannot go on as the ${what} must be ${expected}: received ${received}`);
}

/**
 * Prints `ready 0`, then answers each `run <milliseconds>` on stdin by `done <figure>`: requests, or bytes, a second. Ends
 * the process when stdin ends.
 */
export async function obey(client: Partial<MeasuredClient>, work: Work, inFlight: number): Promise<never> {
  const body = work === "upload" ? new Uint8Array(BODY_BYTES) : new Uint8Array(0);
  const method = client[work]?.bind(client);
  if (method === undefined) throw new RangeError(`Cannot measure as the client does not ${work}`);
  const ask = (slot: number) => method(slot, body);
  console.log("ready 0");
  let text = "";
  for await (const part of process.stdin) {
    text += part;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const [order, ms] = text.slice(0, end).split(" ");
      text = text.slice(end + 1);
      if (order === "run") {
        const rate = await measure(ask, Number(ms), inFlight);
        console.log(`done ${work === "get" ? rate : rate * BODY_BYTES}`);
      }
    }
  }
  process.exit(0);
}

/** Runs for some milliseconds and gives how much was done a second. */
async function measure(ask: (slot: number) => Promise<void>, ms: number, inFlight: number): Promise<number> {
  const start = performance.now();
  let count = 0;
  await Promise.all(Array.from({ length: inFlight }, async (_, slot) => {
    for (; performance.now() - start < ms; count++) await ask(slot);
  }));
  return count * 1000 / (performance.now() - start);
}
