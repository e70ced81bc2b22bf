/**
 * Owns the way from a call to its handler and from the handler's `Response` back to the call, for every version; knows
 * no socket and no codec.
 *
 * @module
 */

import type { KnownBody } from "../http/call.ts";
import { parseContentLength } from "../http/fields/content_length.ts";
import { ProtocolError } from "../http/fields/error.ts";
import type { Field } from "../http/fields/field.ts";
import { ProblemError } from "../http/json.ts";
import { lazyRequest } from "../http/request.ts";
import { plainContentType, responseFields, takeKnownBody } from "../http/response.ts";
import { type SentTrailers, sentTrailers } from "../http/trailers.ts";
import { upgradeOf } from "../http/upgrade.ts";
import type { ServerCall } from "./call.ts";
import type { ServerContext } from "./context.ts";
import { CallInfo } from "./info.ts";

/** Lets the handler answer a call. Never throws: what fails is answered by `onError`, or cuts the answer short. */
export function answer(context: ServerContext, call: ServerCall): void {
  let response: Response | Promise<Response>;
  try {
    response = context.handler(lazyRequest(call), new CallInfo(call));
    if (response instanceof Response) {
      call.settled();
      send(context, call, response);
      return;
    }
  } catch (error) {
    call.settled();
    fail(context, call, error);
    return;
  }
  answerLater(context, call, response);
}

async function answerLater(context: ServerContext, call: ServerCall, later: Promise<Response>): Promise<void> {
  try {
    const response = await later;
    call.settled();
    send(context, call, response);
  } catch (error) {
    call.settled();
    fail(context, call, error);
  }
}

/** Asks `onError` for an answer; where that fails too, or it is too late for one, the answer is cut short. */
async function fail(context: ServerContext, call: ServerCall, error: unknown): Promise<void> {
  if (call.gone) return;
  if (call.aborted(error)) return call.abort(error); // the client has gone, and the handler has noticed
  try {
    send(context, call, await context.onError(error));
  } catch (second) {
    context.onConnectionError(second);
    call.abort(second);
  }
}

/** What answers when a handler failed and no `onError` was given: the status of a protocol error, else a bare 500. */
export function defaultOnError(error: unknown): Response {
  if (error instanceof ProblemError) return error.toResponse();
  if (error instanceof ProtocolError && error.scope === "message") {
    return new Response(`${error.message}\n`, { status: error.status, headers: error.headers });
  }
  console.error(error);
  return new Response("Internal Server Error", { status: 500 });
}

/**
 * Sends a handler's response.
 *
 * @throws {TypeError} If it is no `Response`, or one that can't be sent; its stream is cancelled then.
 */
function send(context: ServerContext, call: ServerCall, response: Response): void {
  try {
    sendResponse(context, call, response);
  } catch (error) {
    if (response instanceof Response && response.body?.locked === false) {
      response.body.cancel(error).catch(context.onConnectionError);
    }
    throw error;
  }
}

function sendResponse(context: ServerContext, call: ServerCall, response: Response): void {
  const upgrade = call.switchable ? upgradeOf(response) : undefined;
  if (upgrade !== undefined) return upgrade.accept();
  const body = takeKnownBody(response);
  const { status } = response;
  if (status < 200 || (call.method === "CONNECT" && status < 300)) {
    throw new TypeError(
      `Cannot send response as status ${status} must be given by upgradeWebSocket() of @avx/http or info.upgrade()`,
    );
  }
  const trailers = sentTrailers(response);
  if (status === 200 && body !== undefined && body !== null && trailers === undefined) {
    const contentType = plainContentType(response);
    if (contentType !== undefined && call.respondPlain(contentType, body)) return;
  }
  const fields = responseFields(response);
  const head = { status, reason: response.statusText, fields };
  if (body !== undefined && trailers === undefined) {
    call.respond(head, body);
    return;
  }
  if (trailers?.names !== undefined && trailers.names.length > 0) {
    fields.push({ name: "trailer", value: trailers.names.join(", ") });
  }
  const begin = () => call.begin(head, trailers === undefined ? announcedLength(fields) : undefined);
  if (body === undefined) {
    const stream = response.body!;
    if (call.awaited) sendAwaited(context, call, { reader: stream.getReader(), begin, trailers });
    else {
      const wanted = begin();
      sendStream(context, call, { reader: stream.getReader(), wanted, trailers });
    }
  } else if (begin()) sendKnown(context, call, body, trailers);
}

/** The length that the handler announced for content of unknown length. */
function announcedLength(fields: readonly Field[]): number | undefined {
  const field = fields.find(({ name }) => name === "content-length");
  if (field === undefined) return undefined;
  const length = parseContentLength(field.value);
  if (!Number.isSafeInteger(length)) {
    throw new TypeError(`Cannot send response as 'content-length' must be digits: received ${field.value}`);
  }
  return length;
}

/** Sends content that is known, and the trailers that belong to it. */
async function sendKnown(
  context: ServerContext,
  call: ServerCall,
  body: KnownBody,
  trailers: SentTrailers | undefined,
): Promise<void> {
  try {
    if (body !== null) call.write(typeof body === "string" ? encoder.encode(body) : body);
    call.end(trailers === undefined ? [] : await orFlush(call, trailers.fields()));
  } catch (error) {
    cut(context, call, error);
  }
}

/** How many rounds of promise jobs a stream may take to give what it has already; most take two or three. */
const ROUNDS = 8;

/**
 * Waits for what may be there already: then it leaves together with what was written before it. If it isn't there after
 * some rounds of promise jobs, what was written leaves first.
 */
async function orFlush<T>(call: ServerCall, promise: Promise<T>): Promise<T> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let round = 0; round < ROUNDS && !settled; round++) await undefined;
  if (!settled) call.flush();
  return await promise;
}

/** Content of unknown length. */
interface StreamedContent {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly trailers: SentTrailers | undefined;
}

/**
 * Sends content to a client that waits for a 100 (Continue). What the stream is made of may be what the client holds back,
 * and behind the final head there is no 100 (RFC 9110 §10.1.1): so the first piece is asked for before the head is sent.
 */
async function sendAwaited(
  context: ServerContext,
  call: ServerCall,
  { reader, begin, trailers }: StreamedContent & { readonly begin: () => boolean },
): Promise<void> {
  call.onGone = (reason) => void reader.cancel(reason).catch(context.onConnectionError);
  try {
    const first = await reader.read();
    if (!call.gone) await sendStream(context, call, { reader, wanted: begin(), trailers, first });
  } catch (error) {
    call.onGone = undefined;
    reader.cancel(error).catch(() => {}); // a stream that failed gives its error again
    await fail(context, call, error);
  }
}

/** Sends content as its stream gives it, never faster than the peer takes it. */
async function sendStream(
  context: ServerContext,
  call: ServerCall,
  { reader, wanted, trailers, first }: StreamedContent & {
    readonly wanted: boolean;
    /** What was read already. */
    readonly first?: ReadableStreamReadResult<Uint8Array>;
  },
): Promise<void> {
  const cancel = (reason: unknown) => void reader.cancel(reason).catch(context.onConnectionError);
  if (!wanted) return cancel(undefined);
  call.onGone = cancel;
  let next = first;
  try {
    for (;;) {
      const room = call.room();
      if (room !== undefined) {
        call.flush();
        await room;
      }
      const { done, value } = next ?? await orFlush(call, reader.read());
      next = undefined;
      if (call.gone) return;
      if (done) break;
      if (!(value instanceof Uint8Array)) {
        throw new TypeError(`Cannot send content as its chunks must be Uint8Arrays: received ${typeof value}`);
      }
      call.write(value);
    }
    call.end(trailers === undefined ? [] : await orFlush(call, trailers.fields()));
  } catch (error) {
    cut(context, call, error);
    reader.cancel(error).catch(() => {}); // a stream that failed gives its error again: it was told of
  }
}

/** Content failed half-way: the peer must see that it isn't whole (RFC 9112 §8). */
function cut(context: ServerContext, call: ServerCall, error: unknown): void {
  if (call.gone) return;
  call.onGone = undefined;
  context.onConnectionError(error);
  call.flush(); // an answer that was begun is seen as such
  call.abort(error);
}

const encoder = new TextEncoder();
