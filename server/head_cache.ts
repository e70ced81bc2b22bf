/**
 * Owns the octets of heads that repeat and the current `date`, both made at most once a second (RFC 9110 §6.6.1); knows
 * no connection.
 *
 * @module
 */

import { formatHttpDate } from "../http/fields/date.ts";
import type { Field } from "../http/fields/field.ts";
import { encodeHeadPrefix } from "../http1/write.ts";
import type { Clock } from "../timer/clock.ts";

/** Most content types remembered; a server that makes up more than that gains nothing by a cache. */
const MAX_HEADS = 64;

interface CachedHead {
  bytes: Uint8Array;
  /** The fields in front of a plain answer's `content-length`, as HTTP/2 has them. */
  fields: readonly Field[];
  date: string;
}

/** The heads of plain answers by their content type. */
export class HeadCache {
  readonly #clock: Clock;
  readonly #heads = new Map<string | null, CachedHead>();
  #date = "";
  /** When the current value is no longer true, by the clock's monotonic time in milliseconds. */
  #staleAt = -Infinity;
  #lastType: string | null | undefined = undefined;
  #last: CachedHead = { bytes: new Uint8Array(0), fields: [], date: "" };

  /** Makes an empty cache over a clock. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The `date` field's value at the monotonic time `now`, in milliseconds. */
  date(now: number): string {
    if (now >= this.#staleAt) {
      const date = this.#clock.date();
      this.#date = formatHttpDate(date);
      this.#staleAt = now + 1000 - date % 1000;
    }
    return this.#date;
  }

  /** A 200's head with this content type, up to and with `content-length: `. */
  plain(contentType: string | null, now: number): Uint8Array {
    return this.#current(contentType, now).bytes;
  }

  /** A 200's fields with this content type, but for `content-length`; for HTTP/2, `:status` in front. */
  plainFields(contentType: string | null, now: number): readonly Field[] {
    return this.#current(contentType, now).fields;
  }

  #current(contentType: string | null, now: number): CachedHead {
    const date = this.date(now);
    const cached = contentType === this.#lastType ? this.#last : this.#find(contentType);
    if (cached.date === date) return cached;
    const fields = [{ name: "date", value: date }];
    if (contentType !== null) fields.unshift({ name: "content-type", value: contentType });
    cached.bytes = plainHead(fields);
    cached.fields = [{ name: ":status", value: "200" }, ...fields];
    cached.date = date;
    return cached;
  }

  #find(contentType: string | null): CachedHead {
    let cached = this.#heads.get(contentType);
    if (cached === undefined) {
      if (this.#heads.size >= MAX_HEADS) this.#heads.clear();
      cached = { bytes: new Uint8Array(0), fields: [], date: "" };
      this.#heads.set(contentType, cached);
    }
    this.#lastType = contentType;
    this.#last = cached;
    return cached;
  }
}

/** The octets of a 200's head whose last field waits for its value. */
function plainHead(fields: readonly Field[]): Uint8Array {
  const prefix = encodeHeadPrefix(200, "", fields);
  const bytes = new Uint8Array(prefix.length + CONTENT_LENGTH.length);
  bytes.set(prefix);
  bytes.set(CONTENT_LENGTH, prefix.length);
  return bytes;
}

const CONTENT_LENGTH = new TextEncoder().encode("content-length: ");
