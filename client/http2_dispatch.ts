/**
 * Owns the way of what an HTTP/2 connection tells to those whom it is for: exchanges, whoever takes pushes, the hooks of the
 * client. Knows no socket, and not when something is told.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { ErrorCode, type Http2Error } from "../http2/error.ts";
import type { Http2Event, PushEvent, ResetEvent, ResponseEvent } from "../http2/events.ts";
import type { Reader } from "../net/reader.ts";
import type { Resend } from "./failure.ts";
import { Http2Exchange, type Http2ExchangeDriver } from "./http2_exchange.ts";
import { connectionLost, failureOf } from "./http2_failure.ts";
import { isPushable, PushTask } from "./push.ts";
import type { Announcement } from "./types.ts";

/** Longest content that is left where it was read, in bytes: a copy costs more than what it keeps alive. */
const VIEW_BYTES = 16 * 1024;

/** What the events of a connection need of its driver. */
export interface Http2DispatchOwner extends Http2ExchangeDriver {
  /** What was read; content is a range of it. */
  readonly reader: Reader;
  /** Whether the connection is closed. */
  readonly closed: boolean;
  /** What a write has failed with, if one has. */
  readonly writeError: unknown;
  /** The reader of an exchange's content has taken some, perhaps: the protocol is told, so that more may come. */
  taken(carried: Http2Exchange): void;
  /** The server's settings came. */
  began(): void;
}

/** Tells what a connection has to tell. */
export class Http2Dispatch {
  /** Whether somebody is being told of something. */
  active = false;
  /** Whether an exchange has come to its end on the connection. */
  reused = false;
  /** How many streams the server has shown to take, since it refused one below its own limit. */
  tolerated = Infinity;
  /** Whether the connection has broken down, and the server should read why. */
  isBroken = false;
  /** Why this side ends the connection, once it does. */
  reason: unknown;
  readonly #owner: Http2DispatchOwner;
  readonly #origin: string;

  /** Made for a connection that was opened for an origin. */
  constructor(owner: Http2DispatchOwner, origin: string) {
    this.#owner = owner;
    this.#origin = origin;
  }

  /**
   * Handles what the protocol has told, also what it tells meanwhile; who is told may do anything, but nothing of this is begun
   * again within. Behind a close nobody is told but of that.
   */
  handle(): void {
    const owner = this.#owner;
    const { events } = owner.core;
    this.active = true;
    for (let index = 0; index < events.length; index++) {
      const event = events[index]!;
      if (owner.closed) this.#onBehindClose(event);
      else if (event.type === "response") index = this.#response(event, events, index);
      else this.#on(event);
    }
    events.length = 0;
    this.active = false;
  }

  /** Some of what came was not told when the connection was closed. */
  #onBehindClose(event: Http2Event<Http2Exchange>): void {
    if (!("stream" in event)) return;
    const lost = connectionLost({ reused: this.reused, unprocessed: false, cause: undefined }, false);
    event.stream.owner?.lose(this.reason ?? lost, "no");
  }

  #on(event: Http2Event<Http2Exchange>): void {
    switch (event.type) {
      case "informational":
        return event.stream.owner?.inform(event.head);
      case "data":
        return this.#data(event.stream.owner, event.start, event.end);
      case "end":
        this.#carriedOne();
        return event.stream.owner?.finish(event.trailers);
      case "room":
        return event.stream.owner?.makeRoom();
      case "reset":
        return this.#reset(event);
      case "error":
        this.isBroken = true;
        return;
      case "settings":
        return this.#owner.began();
      case "push":
        return this.#push(event);
      case "origin":
        // RFC 8336 §2.1: only a server that has proved who it is may say so.
        if (this.#owner.transport.secure) {
          this.#announce({ type: "origins", origin: this.#origin, origins: event.origins });
        }
        return;
      case "altSvc": {
        // RFC 7838 §4: on a stream its request's origin is meant, and none is named.
        const origin = event.streamId === 0 ? event.origin : event.origin === "" ? this.#origin : "";
        if (origin !== "") this.#announce({ type: "alternatives", origin, value: event.value });
        return;
      }
    }
  }

  /** Gives the place of the last event that was handled: a response that came whole is given as such. */
  #response(event: ResponseEvent<Http2Exchange>, events: readonly Http2Event<Http2Exchange>[], index: number): number {
    const { stream, head, whole } = event;
    const carried = stream.owner;
    if (whole) {
      this.#carriedOne();
      carried?.respondWhole(head, NOTHING);
      return index;
    }
    const next = events[index + 1];
    const last = next?.type === "data" ? events[index + 2] : next;
    if (last?.type !== "end" || last.stream !== stream || next?.type === "data" && next.stream !== stream) {
      carried?.respond(head);
      return index;
    }
    this.#carriedOne();
    const { trailers } = last;
    if (next?.type !== "data") {
      carried?.respondWhole(head, { ...NOTHING, trailers });
      return index + 1;
    }
    const { start, end } = next;
    const { buffer } = this.#owner.reader;
    const length = end - start;
    const content = length > VIEW_BYTES
      ? { bytes: buffer.slice(start, end), start: 0, length, trailers }
      : { bytes: buffer, start, length, trailers };
    carried?.respondWhole(head, content);
    return index + 2;
  }

  /** A response has come to its end. */
  #carriedOne(): void {
    this.reused = true;
    this.tolerated++;
  }

  /** Hands content to its reader, in memory of its own. */
  #data(carried: Http2Exchange | undefined, start: number, end: number): void {
    const body = carried?.body;
    if (carried === undefined || body === undefined || body.cancelled) return;
    const { buffer } = this.#owner.reader;
    // Content that is wanted whole is copied to where it stays by its owner.
    body.push(body.space === undefined ? buffer.slice(start, end) : buffer.subarray(start, end));
    this.#owner.taken(carried);
  }

  #reset({ stream, error, byPeer, unprocessed }: ResetEvent<Http2Exchange>): void {
    const { core, writeError } = this.#owner;
    const carried = stream.owner;
    // Those that are open are no more than it takes; with less than one nothing would ever go on.
    if (byPeer && error.code === ErrorCode.RefusedStream) this.tolerated = Math.max(1, core.openStreams);
    if (carried === undefined) return;
    const circumstances = { reused: carried.reused, byPeer, unprocessed, cause: writeError };
    carried.lose(failureOf(error, circumstances), this.#resendOf(carried, error, circumstances));
  }

  #resendOf(
    carried: Http2Exchange,
    error: Http2Error,
    { byPeer, unprocessed }: { readonly byPeer: boolean; readonly unprocessed: boolean },
  ): Resend {
    // Also where a GOAWAY says so: over HTTP/2 the next connection would only hear the same.
    if (byPeer && error.code === ErrorCode.Http11Required) {
      return this.#owner.context.protocols.has("http/1.1") && (unprocessed || error.scope === "stream")
        ? "http/1.1"
        : "no";
    }
    if (unprocessed) return "refused";
    return byPeer && error.scope === "connection" && carried.reused && !carried.isTouched ? "unanswered" : "no";
  }

  /** A response that nobody has asked for: whoever accepts pushes is asked. It may have come whole by now. */
  #push({ promised, head }: PushEvent<Http2Exchange>): void {
    const { context, core } = this.#owner;
    const { onPush } = context;
    if (onPush === undefined) return;
    if (!isPushable(head, this.#origin)) return core.reset(promised, ErrorCode.ProtocolError); // RFC 9113 §8.4
    const task = new PushTask(head, context);
    const carried = new Http2Exchange(this.#owner, task);
    promised.owner = carried;
    carried.stream = promised;
    task.assigned(carried);
    try {
      onPush(task.push);
    } catch (error) {
      reportError(error);
    }
    if (task.accepted) return;
    task.cancel();
    promised.owner = undefined;
    core.reset(promised, ErrorCode.Cancel);
  }

  #announce(announcement: Announcement): void {
    try {
      this.#owner.context.onAnnouncement?.(announcement);
    } catch (error) {
      reportError(error);
    }
  }
}

const NO_FIELDS: readonly Field[] = [];

/** Stands for the content of a response that has none. */
const NOTHING = { bytes: new Uint8Array(0), start: 0, length: 0, trailers: NO_FIELDS };
