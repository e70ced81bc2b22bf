/**
 * Owns as much of gRPC over HTTP/2 as its tests need: messages in content, and a service of each kind of call over a handler.
 * Must not know which side others wrote.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { type Handler, withTrailers } from "../../mod.ts";

/** Status codes of gRPC. */
export const GrpcStatus = {
  Ok: 0,
  Cancelled: 1,
  DeadlineExceeded: 4,
  NotFound: 5,
  ResourceExhausted: 8,
  Unimplemented: 12,
} as const;

/** Octets before a message: whether it is compressed, and its length. */
const PREFIX = 5;

/** Puts a message into the form in which it travels. */
export function frameMessage(message: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const octets = typeof message === "string" ? new TextEncoder().encode(message) : message;
  const framed = new Uint8Array(PREFIX + octets.length);
  new DataView(framed.buffer).setUint32(1, octets.length);
  framed.set(octets, PREFIX);
  return framed;
}

/** Gives the messages in content, as they come. */
export async function* messagesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let end = PREFIX; // where the prefix ends, then its message
  for await (const piece of body ?? []) {
    pieces.push(piece);
    size += piece.length;
    while (size >= end) {
      const octets = concat(pieces);
      if (octets[0] !== 0) throw new TypeError("Cannot read message as it must not be compressed");
      end = PREFIX + new DataView(octets.buffer).getUint32(1);
      pieces = [octets];
      if (size < end) break;
      yield octets.slice(PREFIX, end);
      pieces = [octets.slice(end)];
      size -= end;
      end = PREFIX;
    }
  }
  if (size > 0) throw new TypeError(`Cannot read message as it must be whole: received ${size} bytes`);
}

/** How a call went, in trailers. */
export interface GrpcOutcome {
  readonly status: number;
  readonly message?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Fields that a status becomes. */
function statusFields({ status, message, metadata }: GrpcOutcome): Record<string, string> {
  const fields: Record<string, string> = { ...metadata, "grpc-status": String(status) };
  if (message !== undefined) fields["grpc-message"] = message.replace(/[^ -$&-~]+/g, encodeURIComponent);
  return fields;
}

/** What one call can do. */
interface Call {
  readonly request: Request;
  /** The requests' messages. */
  readonly messages: AsyncGenerator<Uint8Array<ArrayBuffer>>;
  /** Metadata to send first. */
  readonly metadata: Record<string, string>;
}

/** A method: gives the answers' messages, and how it went in the end. */
type Method = (call: Call) => AsyncGenerator<Uint8Array<ArrayBuffer> | string, GrpcOutcome>;

const OK: GrpcOutcome = { status: GrpcStatus.Ok };

/** A service that has a method of each kind. */
export class GrpcService {
  /** How many calls were aborted by their clients. */
  aborted = 0;

  readonly #methods: Readonly<Record<string, Method>> = {
    /** Echoes a message, and metadata both ways. */
    async *Echo({ messages, request, metadata }) {
      const note = request.headers.get("x-note");
      const data = request.headers.get("x-data-bin");
      if (note !== null) metadata["x-note-back"] = note;
      for await (const message of messages) yield message;
      return { status: GrpcStatus.Ok, metadata: data === null ? {} : { "x-data-back-bin": data } };
    },
    /** Gives the sum of the messages' lengths. */
    async *Collect({ messages }) {
      let count = 0;
      let octets = 0;
      for await (const message of messages) {
        count++;
        octets += message.length;
      }
      yield JSON.stringify({ count, octets });
      return OK;
    },
    /** Sends as many messages as asked for, each as long as asked for. */
    async *Repeat({ messages }) {
      for await (const message of messages) {
        const { count, length } = JSON.parse(new TextDecoder().decode(message));
        for (let index = 0; index < count; index++) yield new Uint8Array(length).fill(index);
      }
      return OK;
    },
    /** Answers each message by itself in capitals. */
    async *Chat({ messages }) {
      for await (const message of messages) yield new TextDecoder().decode(message).toUpperCase();
      return OK;
    },
    /** Fails behind a message. */
    async *FailLate() {
      yield await Promise.resolve("first");
      return { status: GrpcStatus.ResourceExhausted, message: "no more", metadata: { "x-retry": "never" } };
    },
    /** Says what time limit its client has told, as it came. */
    async *Timeout({ request }) {
      yield await Promise.resolve(request.headers.get("grpc-timeout") ?? "none");
      return OK;
    },
    /** Says how many calls were aborted. */
    Aborted: (async function* (this: GrpcService): AsyncGenerator<string, GrpcOutcome> {
      yield await Promise.resolve(String(this.aborted));
      return OK;
    }).bind(this),
  };

  /** Answers calls. */
  readonly handler: Handler = async (request) => {
    const method = new URL(request.url).pathname.replace("/test.Service/", "");
    const headers = { "content-type": "application/grpc" };
    if (
      !request.headers.get("content-type")?.startsWith("application/grpc") || request.headers.get("te") !== "trailers"
    ) {
      return new Response(null, { status: 415 });
    }
    if (method === "Fail") return fail({ status: GrpcStatus.NotFound, message: "nothing there: ä" });
    if (method === "Silent") return await this.#silent(request);
    const answer = this.#methods[method];
    if (answer === undefined) return fail({ status: GrpcStatus.Unimplemented });
    const metadata: Record<string, string> = {};
    const answers = answer({ request, messages: messagesOf(request.body), metadata });
    let next = await answers.next(); // as it may set metadata first
    let outcome = OK;
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
      if (next.done) {
        outcome = next.value;
        return controller.close();
      }
      controller.enqueue(frameMessage(next.value));
      next = await answers.next();
    };
    const body = new ReadableStream({ pull }, { highWaterMark: 0 });
    return withTrailers(new Response(body, { headers: { ...headers, ...metadata } }), () => statusFields(outcome));
  };

  /** Never answers. */
  #silent(request: Request): Promise<Response> {
    return new Promise((resolve) => {
      request.signal.addEventListener("abort", () => {
        this.aborted++;
        resolve(new Response());
      });
    });
  }
}

/** An answer that is a status alone. */
function fail(outcome: GrpcOutcome): Response {
  return new Response(null, { headers: { "content-type": "application/grpc", ...statusFields(outcome) } });
}
