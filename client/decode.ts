/**
 * Owns the taking off of content codings (RFC 9110 §8.4.1) where a client asks for it. Knows no wire.
 *
 * @module
 */

import { streamOf } from "../http/body.ts";
import type { BodySource } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { listElements } from "../http/fields/list.ts";

/** What the platform can decode, by the names that `content-encoding` has for it; an older one knows no Brotli. */
const CODINGS: ReadonlyMap<string, CompressionFormat> = new Map(
  ([["gzip", "gzip"], ["x-gzip", "gzip"], ["deflate", "deflate"], ["br", "brotli"]] as const)
    .filter(([, format]) => isSupported(format)),
);

/** What `accept-encoding` says where content is decoded. */
export const ACCEPTED_CODINGS: string = [...CODINGS.keys()].filter((coding) => coding !== "x-gzip").join(", ");

function isSupported(format: CompressionFormat): boolean {
  try {
    new DecompressionStream(format);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** Content without its codings, the last applied first; the content itself where it has none, or one that isn't known. */
export function decoded(body: BodySource, fields: readonly Field[]): BodySource {
  const codings = fields.filter(({ name }) => name === "content-encoding")
    .flatMap(({ value }) => listElements(value.toLowerCase())).filter((coding) => coding !== "identity");
  const formats = codings.map((coding) => CODINGS.get(coding)).reverse();
  if (formats.length === 0 || formats.includes(undefined)) return body;
  return new DecodedBody(body, formats.filter((format) => format !== undefined));
}

/** Content that codings are taken off. */
export class DecodedBody implements BodySource {
  readonly length = undefined;
  readonly #source: BodySource;
  readonly #formats: readonly CompressionFormat[];
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  #cancelled = false;

  constructor(source: BodySource, formats: readonly CompressionFormat[]) {
    this.#source = source;
    this.#formats = formats;
  }

  async read(): Promise<Uint8Array | null> {
    if (this.#cancelled) return null;
    this.#reader ??= this.#open();
    const { value } = await this.#reader.read();
    return value ?? null;
  }

  cancel(reason?: unknown): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    if (this.#reader === undefined) this.#source.cancel(reason);
    else this.#reader.cancel(reason).catch(() => {}); // it is cancelled as nobody cares any more
  }

  trailers(): Promise<readonly Field[]> {
    return this.#source.trailers();
  }

  #open(): ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> {
    let stream: ReadableStream<Uint8Array<ArrayBuffer>> = streamOf(this.#source);
    for (const format of this.#formats) stream = stream.pipeThrough(new DecompressionStream(format));
    return stream.getReader();
  }
}
