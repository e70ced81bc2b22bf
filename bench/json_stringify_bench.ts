/**
 * Owns the figures of writing documents as bytes beside the platform. Must not know how either writes.
 *
 * ```sh
 * deno bench bench/json_stringify_bench.ts
 * AVX_VECTORS=… deno bench --allow-read --allow-env=AVX_VECTORS bench/json_stringify_bench.ts # public documents too
 * ```
 *
 * @module
 */

import { JsonBuffer, stringify, stringifyInto } from "../json/mod.ts";
import { DOCUMENTS } from "./json_documents.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

for (const { name, bytes } of DOCUMENTS) {
  const group = `${name}, ${bytes.length} bytes`;
  const value = JSON.parse(decoder.decode(bytes));
  const buffer = new Uint8Array(bytes.length);
  const growing = new JsonBuffer();
  Deno.bench("JSON.stringify + TextEncoder", { group, baseline: true }, () => {
    encoder.encode(JSON.stringify(value));
  });
  Deno.bench("stringify (0.9 wanted)", { group }, () => {
    stringify(value);
  });
  Deno.bench("stringify, safe for HTML", { group }, () => {
    stringify(value, { htmlSafe: true });
  });
  Deno.bench("stringifyInto a buffer", { group }, () => {
    stringifyInto(value, buffer);
  });
  Deno.bench("JsonBuffer", { group }, () => {
    growing.clear();
    growing.write(value);
  });
}
