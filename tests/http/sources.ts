/**
 * Owns the sources that tests make requests of: content in chunks, at once or by promise, with a record of what was
 * asked. Knows no wire.
 *
 * @module
 */

import type { BodySource, RequestSource } from "../../http/call.ts";
import type { Field } from "../../http/fields/field.ts";

/** How a {@linkcode TestBody} behaves. */
export interface TestBodyOptions {
  /** The announced length, in bytes. */
  readonly length?: number | undefined;
  /** Whether each read is a promise. */
  readonly async?: boolean;
  /** What the read after the last chunk rejects with, instead of the end. */
  readonly error?: unknown;
  /** The trailer section. */
  readonly trailers?: readonly Field[];
}

/** Content in the given chunks; remembers how it was read. */
export class TestBody implements BodySource {
  readonly length: number | undefined;
  readonly cancelled: unknown[] = [];
  reads = 0;
  readonly #chunks: Uint8Array[];
  readonly #options: TestBodyOptions;

  constructor(chunks: readonly (string | Uint8Array)[], options: TestBodyOptions = {}) {
    this.#chunks = chunks.map((chunk) => typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk.slice());
    this.#options = options;
    this.length = options.length;
  }

  read(): Uint8Array | null | Promise<Uint8Array | null> {
    this.reads++;
    const chunk = this.cancelled.length > 0 ? null : this.#chunks.shift();
    if (chunk === undefined && "error" in this.#options) return Promise.reject(this.#options.error);
    return this.#options.async ? Promise.resolve(chunk ?? null) : chunk ?? null;
  }

  cancel(reason?: unknown): void {
    this.cancelled.push(reason);
  }

  trailers(): Promise<readonly Field[]> {
    return Promise.resolve(this.#options.trailers ?? []);
  }
}

/** A source: `GET http://localhost/` with no field and no content, but for what is given. */
export function sourceWith(parts: Partial<RequestSource> & { headers?: readonly [string, string][] } = {}) {
  const { headers = [], ...rest } = parts;
  const source: RequestSource = {
    method: "GET",
    url: "http://localhost/",
    fields: () => headers.map(([name, value]) => ({ name, value })),
    body: null,
    signal: new AbortController().signal,
    ...rest,
  };
  return source;
}
