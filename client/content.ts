/**
 * Owns what a request's body is on the wire, for each kind that the platform takes: bytes that are known whole, or a
 * stream, and whether it can be sent again. Knows nothing of how it is framed.
 *
 * @module
 */

import { takeKnownBody } from "../http/response.ts";

/** The content of a request. */
export interface Content {
  /** All of it, where it is known whole. */
  readonly bytes: Uint8Array | null;
  /** The length in bytes, where it is known before it is sent. */
  readonly length: number | undefined;
  /** What `content-type` says unless the request says otherwise, or `null`. */
  readonly type: string | null;
  /** Whether {@linkcode Content.open} can be called again. */
  readonly repeatable: boolean;
  /** Gives it as a stream. */
  open(): ReadableStream<Uint8Array>;
}

const encoder = new TextEncoder();
const TEXT_TYPE = "text/plain;charset=UTF-8";

/**
 * Makes content of a body (Fetch §5.2, "extract a body"). A `FormData` is encoded at once, so that its length is known.
 *
 * @throws {TypeError} If it is a stream that is used or locked, or something that the platform takes for no body.
 */
export function contentOf(body: BodyInit): Content | Promise<Content> {
  if (typeof body === "string") return whole(encoder.encode(body), TEXT_TYPE);
  if (body instanceof Uint8Array) return whole(new Uint8Array(body), null); // a copy, as the caller may change it
  if (body instanceof ReadableStream) return streamed(body, null, undefined);
  if (body instanceof Blob) {
    return {
      bytes: null,
      length: body.size,
      type: body.type === "" ? null : body.type,
      repeatable: true,
      open: () => body.stream(),
    };
  }
  const response = new Response(body);
  const type = response.headers.get("content-type");
  if (body instanceof FormData) return response.bytes().then((bytes) => whole(bytes, type));
  const known = takeKnownBody(response);
  if (known === undefined) return streamed(response.body ?? new ReadableStream(), type, undefined);
  return whole(typeof known === "string" ? encoder.encode(known) : known ?? new Uint8Array(0), type);
}

/** Content that is known whole; nobody else may change the bytes. */
export function whole(bytes: Uint8Array, type: string | null): Content {
  return {
    bytes,
    length: bytes.length,
    type,
    repeatable: true,
    open: () => new Response(bytes.slice()).body ?? new ReadableStream(),
  };
}

/** Content that comes from a stream: once, and of no known length unless somebody knows it. */
export function streamed(
  stream: ReadableStream<Uint8Array>,
  type: string | null,
  length: number | undefined,
): Content {
  if (stream.locked) throw new TypeError("Cannot fetch as the body must not be used or locked");
  return { bytes: null, length, type, repeatable: false, open: () => stream };
}
