/**
 * Owns the static table (RFC 7541 Appendix A): its fields, and where each name and value stands in it. Knows nothing of
 * blocks.
 *
 * @module
 */

import type { HpackField } from "./field.ts";

/** Appendix A in order; the first row has index 1. */
const APPENDIX_A: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** How many fields the table has; dynamic entries are counted from here on (RFC 7541 §2.3.3). */
export const STATIC_LENGTH = 61;

/** Gives what a field is, for whoever has a use for it: any number. The same field must be given the same number. */
export type Classify = (name: string, value: string) => number;

/** Says nothing of any field. */
export const UNCLASSIFIED: Classify = () => 0;

/** The table's fields by who classified them: once for a function, however many connections there are. */
const CLASSIFIED = new WeakMap<Classify, readonly HpackField[]>();

/** Gives the table's fields at their indices less one, with the kinds that `classify` gives them; the same array each time. */
export function staticFields(classify: Classify): readonly HpackField[] {
  const known = CLASSIFIED.get(classify);
  if (known !== undefined) return known;
  const fields = APPENDIX_A.map(([name, value]) => ({ name, value, sensitive: false, kind: classify(name, value) }));
  CLASSIFIED.set(classify, fields);
  return fields;
}

/** The table's fields at their indices less one. */
export const STATIC_FIELDS: readonly HpackField[] = staticFields(UNCLASSIFIED);

/** A field of the static table as an encoder finds it. */
export interface StaticField {
  /** The field's name. */
  readonly name: string;
  /** The field's value. */
  readonly value: string;
  /** The field's index, below 0 to tell it from the number of an entry. */
  readonly number: number;
}

/** The static table's fields by their names, in order: one at least, and seven at most. */
export const STATIC_NAMES: ReadonlyMap<string, readonly StaticField[]> = Map.groupBy(
  APPENDIX_A.map(([name, value], at): StaticField => ({ name, value, number: -1 - at })),
  ({ name }) => name,
);
