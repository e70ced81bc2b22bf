/**
 * Owns the figures of reading chunk by chunk, beside `@streamparser/json`, and of a gigabyte of NDJSON. Must not know
 * how either reads.
 *
 * ```sh
 * deno bench bench/json_stream_bench.ts
 * AVX_VECTORS=… deno bench --allow-read --allow-env=AVX_VECTORS bench/json_stream_bench.ts # public documents too
 * ```
 *
 * @module
 */

// deno-lint-ignore no-import-prefix -- a peer, measured here only
import { JSONParser, Tokenizer } from "npm:@streamparser/json@0.0.22";
import { JsonEventReader, JsonReader, NdjsonReader } from "../json/mod.ts";
import { DOCUMENTS, ITEMS, type JsonDocument, SMALL } from "./json_documents.ts";

const CHUNK = 64 * 1024;

function chunksOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, index) => {
    return bytes.subarray(index * CHUNK, (index + 1) * CHUNK);
  });
}

/** Where the values are that the documents of some name are read for: our path, and theirs. */
const PATHS: Readonly<Record<string, readonly [ours: string, theirs: string]>> = {
  items: ["$.items[*]", "$.items.*"],
  builds: ["$[*]", "$.*"],
  catalog: ["$.performances[*]", "$.performances.*"],
  numbers: ["$[*]", "$.*"],
  persons: ["$[*]", "$.*"],
  "citm_catalog.json": ["$.performances[*]", "$.performances.*"],
  "random.json": ["$.result[*]", "$.result.*"],
};

function benchValues({ name, bytes }: JsonDocument, ours: string, theirs: string): void {
  const group = `values of ${name}, ${bytes.length} bytes in chunks of 64 KiB`;
  const chunks = chunksOf(bytes);
  Deno.bench("@streamparser/json", { group, baseline: true }, () => {
    let count = 0;
    const parser = new JSONParser({ paths: [theirs], keepStack: false });
    parser.onValue = () => void count++;
    for (const chunk of chunks) parser.write(chunk);
    if (count === 0) throw new Error("no values");
  });
  Deno.bench("JsonReader (5 times faster wanted)", { group }, () => {
    let count = 0;
    const reader = new JsonReader({ path: ours });
    for (const chunk of chunks) {
      reader.write(chunk);
      while (reader.read() !== undefined) count++;
    }
    reader.end();
    while (reader.read() !== undefined) count++;
    if (count === 0) throw new Error("no values");
  });
}

for (const document of [ITEMS, ...DOCUMENTS]) {
  const paths = PATHS[document.name];
  if (paths !== undefined) benchValues(document, ...paths);
}

const items = chunksOf(ITEMS.bytes);
const events = { group: `events of items, ${ITEMS.bytes.length} bytes in chunks of 64 KiB` };

Deno.bench("@streamparser/json, Tokenizer", { ...events, baseline: true }, () => {
  const tokenizer = new Tokenizer();
  tokenizer.onToken = () => {};
  for (const chunk of items) tokenizer.write(chunk);
});

Deno.bench("JsonEventReader", events, () => {
  const reader = new JsonEventReader();
  for (const chunk of items) {
    reader.write(chunk);
    while (reader.read() !== undefined);
  }
  reader.end();
  while (reader.read() !== undefined);
});

const GIGABYTE = 1e9;
/**
 * Most that memory may grow while a gigabyte flows through. V8 lets garbage lie and its heap grow by some 10 to 130 MB
 * between collections; the values of the gigabyte, held, would take several.
 */
const FLAT = 256 * 1024 * 1024;
const line = new TextEncoder().encode(`${JSON.stringify(SMALL)}\n`);
const lines = Uint8Array.from({ length: CHUNK + line.length }, (_, at) => line[at % line.length]!);

Deno.bench("a gigabyte of NDJSON, with memory flat", { n: 1, warmup: 0 }, () => {
  const reader = new NdjsonReader();
  let count = 0;
  const before = Deno.memoryUsage().rss;
  let most = before;
  let sent = 0;
  for (; sent < GIGABYTE; sent += CHUNK) {
    const start = sent % line.length; // goes on where the last chunk stopped
    reader.write(lines.subarray(start, start + CHUNK));
    while (reader.read() !== undefined) count++;
    most = Math.max(most, Deno.memoryUsage().rss);
  }
  if (count !== Math.floor(sent / line.length)) throw new Error(`Only ${count} lines came through`);
  if (most - before > FLAT) throw new Error(`Memory grew by ${most - before} bytes`);
  console.log(`${count} lines, memory grew by at most ${((most - before) / 1024 / 1024).toFixed(1)} MiB`);
});
