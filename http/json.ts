/**
 * Owns JSON as content of messages: requests read with limits, responses made of values, and problem documents (RFC
 * 9457). Knows no wire, and nothing of how JSON is read or written.
 *
 * @module
 */

import { JsonError } from "../json/error.ts";
import { checkWord, type JsonValue, type ParseOptions, resolveOptions } from "../json/options.ts";
import { parseAt } from "../json/parse.ts";
import { stringifyLines } from "../json/streams.ts";
import { stringify, type StringifyOptions } from "../json/stringify.ts";
import { type Bytes, DEFAULT_BODY_LIMIT, readStream } from "./body.ts";
import { parseContentType } from "./fields/content_type.ts";
import { ProtocolError } from "./fields/error.ts";
import { reasonPhrase } from "./fields/status.ts";

/** A problem document (RFC 9457 §3); members that it doesn't name are extensions. */
export interface Problem {
  /** URI reference of the kind of problem; `about:blank` says no more than the status does. */
  readonly type?: string;
  /** What the kind of problem is called. */
  readonly title?: string;
  /** The status code of the response. */
  readonly status?: number;
  /** What is wrong this time, in words. */
  readonly detail?: string;
  /** URI reference of this occurrence. */
  readonly instance?: string;
  /** An extension (§3.2). */
  readonly [extension: string]: unknown;
}

/** A request is refused, and a problem document (RFC 9457) says why. */
export class ProblemError extends ProtocolError {
  /** The class's name. */
  override readonly name: string = "ProblemError";
  /** The document, complete. */
  readonly problem: Problem & { readonly type: string; readonly title: string; readonly status: number };

  /**
   * Makes the error for a status and what its document says beyond that.
   *
   * @throws {RangeError} If the status is no error's, 400 to 599.
   */
  constructor(status: number, problem: Problem = {}, options?: ErrorOptions) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`Cannot make problem as 'status' must be 400 to 599: received ${status}`);
    }
    super(problem.detail ?? reasonPhrase(status), { ...options, scope: "message", status });
    this.problem = complete(status, problem);
  }

  /** Makes the response that answers the request. */
  toResponse(): Response {
    return problem(this.problem);
  }
}

/** Options of {@linkcode readJson}. */
export interface ReadJsonOptions extends ParseOptions {
  /**
   * Most bytes of content; more of them, or announced ones, are answered with 413 (RFC 9110 §15.5.14).
   *
   * @default {1048576}
   */
  readonly maxBytes?: number | undefined;
  /**
   * Whether only content that says that it is JSON is read (`application/json`, or any type that ends with `+json`), or
   * content of any type. Content with a coding is refused in either case.
   *
   * @default {"json"}
   */
  readonly contentType?: "json" | "any" | undefined;
}

/**
 * Reads a request's content as JSON, or refuses it: 415 where it doesn't say that it is JSON in UTF-8, or has a content
 * coding; 413 where it is too long; 422 where it is not JSON, passes a limit or breaks a policy, and then the problem
 * document has the place: `offset`, `line`, `column`, `expected` and `received`.
 *
 * @example Usage
 * ```ts
 * import { json, ProblemError, readJson } from "@avx/http/http";
 *
 * async function handler(request: Request): Promise<Response> {
 *   try {
 *     const order = await readJson(request, { maxBytes: 16 * 1024, maxDepth: 8, duplicateKeys: "error" });
 *     return json({ received: order }, { status: 201 });
 *   } catch (error) {
 *     if (error instanceof ProblemError) return error.toResponse();
 *     throw error;
 *   }
 * }
 * const request = new Request("http://localhost/", {
 *   method: "POST",
 *   headers: { "content-type": "application/json" },
 *   body: '{"items": [1,]}',
 * });
 * const response = await handler(request);
 * console.log(response.status, (await response.json()).column); // 422 14
 * ```
 *
 * @throws {ProblemError} If the request is refused.
 * @throws {TypeError} If the body was used already, or a policy is not one of its words.
 * @throws {RangeError} If a limit is not a whole number of at least 0, or `Infinity`.
 */
export async function readJson(request: Request, options: ReadJsonOptions = {}): Promise<JsonValue> {
  const { maxBytes = DEFAULT_BODY_LIMIT } = options;
  const resolved = resolveOptions({ ...options, maxBytes });
  checkCoding(request.headers);
  if (checkWord("contentType", options.contentType, ["json", "any"]) === "json") checkType(request.headers);
  const bytes = await readBody(request, maxBytes);
  try {
    return parseAt(bytes, resolved);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const { message: detail, kind, offset, line, column, expected, received } = error;
    throw new ProblemError(422, { detail, kind, offset, line, column, expected, received }, { cause: error });
  }
}

async function readBody(request: Request, maxBytes: number): Promise<Bytes> {
  if (request.bodyUsed) throw new TypeError("Cannot read body as it must not be used already");
  if (request.body === null) return new Uint8Array(0);
  const length = request.headers.get("content-length");
  try {
    return await readStream(request.body, maxBytes, length === null ? undefined : Number(length));
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.status !== 413) throw error;
    throw new ProblemError(413, { detail: error.message, limit: maxBytes }, { cause: error });
  }
}

/** Refuses what is coded (RFC 9110 §15.5.16). */
function checkCoding(headers: Headers): void {
  const coding = headers.get("content-encoding") ?? "identity";
  if (coding.toLowerCase() !== "identity") throw unsupported("no content coding", coding);
}

/** Refuses what is not JSON in UTF-8 (RFC 8259 §8.1). */
function checkType(headers: Headers): void {
  const value = headers.get("content-type");
  const type = value === null ? undefined : parseContentType(value);
  const isJson = type?.essence === "application/json" || type?.essence.endsWith("+json"); // RFC 6839 §3.1
  if (!isJson) throw unsupported("the type application/json", value);
  const charset = type?.parameters.get("charset") ?? "utf-8";
  if (charset.toLowerCase() !== "utf-8") throw unsupported("the charset utf-8", charset);
}

function unsupported(expected: string, received: string | null): ProblemError {
  const shown = received === null ? "none" : JSON.stringify(received.slice(0, 100));
  return new ProblemError(415, { detail: `Cannot read body as it must have ${expected}: received ${shown}` });
}

/** How to make a response of JSON: what `Response` takes, and how to write the value. */
export interface JsonInit extends ResponseInit, StringifyOptions {}

/**
 * Makes a response of a value, with `content-type: application/json` unless the headers have one.
 *
 * @example Usage
 * ```ts
 * import { json } from "@avx/http/http";
 *
 * const response = json({ id: 2n ** 60n }, { status: 201, headers: { etag: '"1"' }, bigint: "number" });
 * console.log(await response.text()); // {"id":1152921504606846976}
 * ```
 *
 * @throws {TypeError} If the value has no JSON form.
 * @throws {RangeError} If the status is not one that a `Response` can have.
 */
export function json(value: unknown, init: JsonInit = {}): Response {
  return new Response(stringify(value, init), withType(init, "application/json"));
}

/** How to make a response of NDJSON: what `Response` takes, and how to write each value. */
export interface NdjsonInit extends ResponseInit, Omit<StringifyOptions, "space"> {}

/**
 * Makes a response of many values, a line each, with `content-type: application/x-ndjson` unless the headers have one.
 * A value is asked for when the client takes bytes, and none is held; when the client goes away the iterable is ended.
 *
 * @example Usage
 * ```ts
 * import { ndjson } from "@avx/http/http";
 *
 * async function* rows() {
 *   yield { id: 1 };
 *   yield { id: 2 };
 * }
 * console.log(await ndjson(rows()).text()); // {"id":1}\n{"id":2}\n
 * ```
 *
 * @throws {TypeError} If it is no iterable.
 * @throws {RangeError} If the status is not one that a `Response` can have.
 */
export function ndjson(values: Iterable<unknown> | AsyncIterable<unknown>, init: NdjsonInit = {}): Response {
  const { htmlSafe, bigint } = init;
  return new Response(stringifyLines(values, { htmlSafe, bigint }), withType(init, "application/x-ndjson"));
}

/**
 * Makes a response of a problem document (RFC 9457), with `content-type: application/problem+json`. Its status is the
 * document's, or else `init`'s, or else 500; type and title are filled in where they are missing.
 *
 * @example Usage
 * ```ts
 * import { problem } from "@avx/http/http";
 *
 * const response = problem({ status: 404, detail: "There is no order 7" });
 * console.log(response.status, (await response.json()).title); // 404 Not Found
 * ```
 *
 * @throws {RangeError} If the status is not one that a `Response` can have.
 */
export function problem(document: Problem, init: ResponseInit = {}): Response {
  const status = document.status ?? init.status ?? 500;
  return new Response(stringify(complete(status, document)), withType({ ...init, status }, "application/problem+json"));
}

function complete(status: number, problem: Problem): Problem & { type: string; title: string; status: number } {
  const { type = "about:blank", title = reasonPhrase(status) } = problem;
  return { ...problem, type, title, status };
}

function withType(init: ResponseInit, type: string): ResponseInit {
  const headers = new Headers(init.headers);
  if (!headers.has("content-type")) headers.set("content-type", type);
  const { status = 200, statusText = "" } = init;
  return { status, statusText, headers };
}
