/**
 * Owns the figures of reading whole documents beside the platform. Must not know how either reads.
 *
 * ```sh
 * deno bench bench/json_parse_bench.ts
 * AVX_VECTORS=… deno bench --allow-read --allow-env=AVX_VECTORS bench/json_parse_bench.ts # public documents too
 * ```
 *
 * @module
 */

import { build } from "../json/build.ts";
import { parse, type ParseOptions } from "../json/mod.ts";
import { resolveOptions } from "../json/options.ts";
import { DOCUMENTS } from "./json_documents.ts";

/** Limits that no size alone can keep: every byte is looked at. */
const ALL: ParseOptions = { maxBytes: 10_000_000, maxDepth: 32, maxStringBytes: 10_000, maxKeys: 200_000 };
const SIZE_ALONE: ParseOptions = {
  maxBytes: 10_000_000,
  maxDepth: Infinity,
  maxStringBytes: Infinity,
  maxKeys: Infinity,
};

const decoder = new TextDecoder();
const resolved = resolveOptions({});

for (const { name, bytes } of DOCUMENTS) {
  const group = `${name}, ${bytes.length} bytes`;
  Deno.bench("TextDecoder + JSON.parse", { group, baseline: true }, () => {
    JSON.parse(decoder.decode(bytes));
  });
  Deno.bench("parse, all limits on (0.6 wanted; 0.75 for the small one)", { group }, () => {
    parse(bytes, ALL);
  });
  Deno.bench("parse, default limits", { group }, () => {
    parse(bytes);
  });
  Deno.bench("parse, size limit alone (0.95 wanted)", { group }, () => {
    parse(bytes, SIZE_ALONE);
  });
  Deno.bench("parse, the plain way that policies need", { group }, () => {
    build(bytes, resolved);
  });
}
