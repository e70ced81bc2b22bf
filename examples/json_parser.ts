/**
 * Reads JSON from standard input chunk by chunk, however long it is, and prints the values at a path, a line each; or
 * says where the text breaks.
 *
 * ```sh
 * echo '{"items": [{"id": 1}, {"id": 2}]}' | deno run examples/json_parser.ts '$.items[*].id'
 * ```
 *
 * @module
 */

import { JsonError, JsonReaderStream, NdjsonStringifyStream } from "@avx/http/json";

const [path = "$"] = Deno.args;

try {
  await Deno.stdin.readable
    .pipeThrough(new JsonReaderStream({ path, maxDepth: 64, duplicateKeys: "error", bigIntegers: "raw" }))
    .pipeThrough(new NdjsonStringifyStream())
    .pipeTo(Deno.stdout.writable);
} catch (error) {
  if (!(error instanceof JsonError)) throw error;
  console.error(`stdin:${error.line}:${error.column}: expected ${error.expected}, found ${error.received}`);
  Deno.exit(1);
}
