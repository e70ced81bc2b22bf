/**
 * Owns the choice of how a field that is in no table is written (RFC 7541 §6.2, §7.1); knows nothing of tables or octets.
 *
 * @module
 */

import { FIELD_OVERHEAD } from "./field.ts";

/**
 * How a literal is written (RFC 7541 §6.2).
 *
 * - `incremental`: both sides put it into their tables.
 * - `without`: nobody does, this time.
 * - `never`: nobody ever does, whoever passes it on.
 */
export type Indexing = "incremental" | "without" | "never";

/** Chooses for a field that no table has; see {@linkcode indexingOf}, which is one. */
export type IndexingPolicy = (name: string, value: string, repeats: boolean, maxTableBytes: number) => Indexing;

/** What is known of a name's values. */
type Values = "credentials" | "cookies" | "varying";

/**
 * Names whose values are not as others. Credentials and cookies must not be guessed with the help of an index (§7.1);
 * varying values seldom come twice, so that an entry would only evict better ones. nghttp2 indexes none of these either,
 * save long cookies.
 */
const VALUES: ReadonlyMap<string, Values> = new Map<string, Values>([
  ["authorization", "credentials"],
  ["proxy-authorization", "credentials"],
  ["set-cookie", "credentials"],
  ["cookie", "cookies"],
  [":path", "varying"],
  ["age", "varying"],
  ["content-length", "varying"],
  ["content-range", "varying"],
  ["etag", "varying"],
  ["if-modified-since", "varying"],
  ["if-none-match", "varying"],
  ["if-range", "varying"],
  ["last-modified", "varying"],
  ["location", "varying"],
  ["range", "varying"],
]);

/** Tells whether a name's values are nobody else's to know: credentials and cookies. */
export function isSecret(name: string): boolean {
  const values = VALUES.get(name);
  return values !== undefined && values !== "varying";
}

/** Shortest cookie that is indexed, in octets, as in nghttp2. */
const SHORTEST_INDEXED_COOKIE = 20;

/** Largest part of the table that one entry may take, as in nghttp2: a larger one would evict nearly all the others. */
const LARGEST_PART = 3 / 4;

/**
 * Chooses how a field that is in no table is written; fields that are marked sensitive never come here.
 *
 * Credentials, Set-Cookie among them, and short cookies are never indexed. A value that usually varies is indexed when it `repeats`, which is when
 * the same value was the last that was written without an entry for this name. All else is indexed where it takes at most
 * three quarters of the table.
 *
 * @example
 * ```ts
 * import { indexingOf } from "@avx/http/hpack";
 *
 * console.assert(indexingOf("user-agent", "curl", false, 4096) === "incremental");
 * console.assert(indexingOf(":path", "/a?b=1", false, 4096) === "without");
 * console.assert(indexingOf(":path", "/a?b=1", true, 4096) === "incremental");
 * console.assert(indexingOf("authorization", "Bearer x", true, 4096) === "never");
 * ```
 */
export function indexingOf(name: string, value: string, repeats: boolean, maxTableBytes: number): Indexing {
  const values = VALUES.get(name);
  if (values === "credentials") return "never";
  if (values === "cookies" && value.length < SHORTEST_INDEXED_COOKIE) return "never";
  if (name.length + value.length + FIELD_OVERHEAD > maxTableBytes * LARGEST_PART) return "without";
  return values !== "varying" || repeats ? "incremental" : "without";
}
