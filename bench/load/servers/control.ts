/**
 * Owns how a measured server talks to the harness: one line on stdout when it listens, then orders on stdin. Knows
 * nothing of what is served.
 *
 * @module
 */

/** How often garbage is collected for one figure: a second pass frees what the first one's finalizers let go. */
const PASSES = 4;
/** What lies between two passes, in milliseconds, so that closed handles are really gone. */
const PAUSE_MS = 50;

/**
 * Prints `listening <port>`, then answers each `collect` on stdin by `rss <bytes>`, after garbage collection (needs
 * `--v8-flags=--expose-gc`). Ends the process when stdin ends, so that no server outlives the harness.
 */
export async function obey(port: number): Promise<never> {
  console.log(`listening ${port}`);
  let text = "";
  for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    text += part;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      if (text.slice(0, end) === "collect") console.log(`rss ${await collect()}`);
      text = text.slice(end + 1);
    }
  }
  Deno.exit(0);
}

/** Collects garbage and gives the resident set size, in bytes. */
async function collect(): Promise<number> {
  const gc: unknown = Reflect.get(globalThis, "gc");
  if (typeof gc !== "function") throw new TypeError("Cannot collect garbage as --v8-flags=--expose-gc is not set");
  for (let pass = 0; pass < PASSES; pass++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return Deno.memoryUsage().rss;
}
