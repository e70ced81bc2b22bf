/**
 * Owns a WebSocket from its opening to its end, below the two shapes in which it is used: its state, what is sent, and
 * who is told. Knows no event target and no stream.
 *
 * @module
 */

import { PerMessageDeflate } from "./deflate.ts";
import { Driver, type DriverSink } from "./driver.ts";
import type { Role } from "./frame.ts";
import { FrameConnection, type FrameEvent } from "./frame_connection.ts";
import { MAX_REASON } from "./frame_close.ts";
import { CloseCode, isCloseCode, WebSocketError } from "./frame_error.ts";
import type { MessageFormat, PreparedMessage } from "./message.ts";
import type { OpenedWebSocket, WebSocketSettings } from "./options.ts";

/** What a connection is doing, as `readyState` says it. */
export const ReadyState = { Connecting: 0, Open: 1, Closing: 2, Closed: 3 } as const;
/** What a connection is doing. */
export type ReadyState = typeof ReadyState[keyof typeof ReadyState];

/** Below this many bytes that wait, a writer may go on. */
const WRITE_HIGH_WATER = 64 * 1024;

/** How many masking keys are made at once. */
const KEYS = 256;
const keys = new Uint32Array(KEYS);
let nextKeyAt = KEYS;

/** A masking key that nobody can foresee (RFC 6455 §5.3). */
function nextKey(): number {
  if (nextKeyAt === KEYS) {
    crypto.getRandomValues(keys);
    nextKeyAt = 0;
  }
  return keys[nextKeyAt++]!;
}

/**
 * Refuses what a Close can't say.
 *
 * @throws {DOMException} `InvalidAccessError` if the code may not be sent, `SyntaxError` if the reason is too long.
 */
export function checkClose(code: number | undefined, reason: string): void {
  if (code !== undefined && !(Number.isInteger(code) && isCloseCode(code))) {
    throw new DOMException(
      `Cannot close as 'code' must be 1000 to 1014 as registered, or 3000 to 4999: received ${code}`,
      "InvalidAccessError",
    );
  }
  if (isReason(reason)) return;
  throw new DOMException(
    `Cannot close as 'reason' must be at most ${MAX_REASON} bytes of UTF-8: received ${encoder.encode(reason).length}`,
    "SyntaxError",
  );
}

/** Whether a Close has room for it. */
export function isReason(reason: string): boolean {
  return encoder.encode(reason).length <= MAX_REASON;
}

const encoder = new TextEncoder();

/** How a connection ended. */
export interface Ending {
  /** The code of the peer's Close; 1005 where it had none, 1006 where there was no Close. */
  readonly code: number;
  /** The reason of the peer's Close. */
  readonly reason: string;
  /** Whether both ends have said Close. */
  readonly wasClean: boolean;
  /** What went wrong; `undefined` for an end in order. */
  readonly error: WebSocketError | undefined;
}

/** One of the shapes in which a connection is used. */
export interface ChannelUser {
  /** Whether no more messages can be taken for now. */
  readonly full: boolean;
  /** The connection is open. */
  opened(): void;
  /** A message came. */
  message(data: string | Uint8Array<ArrayBuffer>): void;
  /** Some of what waited has left. */
  drained(): void;
  /** The connection has ended. */
  ended(ending: Ending): void;
}

/** What a channel is made with. */
export interface ChannelOptions {
  /** Which end this is. */
  readonly role: Role;
  /** The options, complete. */
  readonly settings: WebSocketSettings;
  /** Called when the connection is given up before it was open. */
  readonly onGiveUp?: ((reason: unknown) => void) | undefined;
}

/** A WebSocket. */
export class Channel implements DriverSink {
  state: ReadyState = ReadyState.Connecting;
  protocol = "";
  extensions = "";
  readonly #role: Role;
  readonly #settings: WebSocketSettings;
  readonly #onGiveUp: ((reason: unknown) => void) | undefined;
  #users: readonly ChannelUser[] = [];
  /** Who gets the messages: the last who asked for them. */
  #taker: ChannelUser | undefined;
  #core: FrameConnection | undefined;
  #driver: Driver | undefined;
  #format: MessageFormat | undefined;
  #ending: Ending | undefined;
  /** Whom a full output lets wait. */
  #room: PromiseWithResolvers<void> | undefined;

  /** Made when the opening has begun. */
  constructor(options: ChannelOptions) {
    this.#role = options.role;
    this.#settings = options.settings;
    this.#onGiveUp = options.onGiveUp;
  }

  /** How many bytes wait for the peer to take them. */
  get buffered(): number {
    return this.#core?.output.size ?? 0;
  }

  get full(): boolean {
    return this.#taker?.full === true;
  }

  /**
   * Adds one who is told what happens, and what has happened already. Messages go to the one that was added first, until
   * another {@linkcode Channel.claim}s them.
   */
  add(user: ChannelUser): void {
    this.#users = [...this.#users, user];
    this.#taker ??= user;
    if (this.#core !== undefined) user.opened();
    if (this.state === ReadyState.Closed && this.#ending !== undefined) user.ended(this.#ending);
  }

  /** Lets `user` have the messages from now on. */
  claim(user: ChannelUser): void {
    if (this.#taker === user) return;
    this.#taker = user;
    this.#driver?.resume();
  }

  /** The opening handshake is complete. */
  open({ duplex, protocol, deflate }: OpenedWebSocket): void {
    if (this.state !== ReadyState.Connecting) return duplex.close(); // it was given up meanwhile
    const { settings } = this;
    this.protocol = protocol;
    this.extensions = deflate === undefined ? "" : "permessage-deflate";
    const { compression } = settings;
    let codec: PerMessageDeflate | undefined;
    if (deflate !== undefined && compression !== undefined) {
      codec = new PerMessageDeflate({ role: this.#role, parameters: deflate, settings: compression.settings });
      this.#format = codec.format;
    }
    const core = new FrameConnection({
      role: this.#role,
      limits: settings.limits,
      timeouts: settings.timeouts,
      now: settings.scheduler.now(),
      compression: codec,
      nextKey,
      fragmentBytes: settings.fragmentBytes,
    });
    this.#core = core;
    this.#driver = new Driver(duplex, { core, sink: this, scheduler: settings.scheduler });
    this.state = ReadyState.Open;
    for (const user of this.#users) user.opened();
    this.#driver.start();
  }

  /** The options, complete. */
  get settings(): WebSocketSettings {
    return this.#settings;
  }

  /** The opening has failed. */
  fail(reason: unknown): void {
    if (this.#ending !== undefined) return;
    const why = reason instanceof Error ? reason.message : String(reason);
    const error = reason instanceof WebSocketError ? reason : new WebSocketError(why, { cause: reason });
    this.#end({ code: CloseCode.AbnormalClosure, reason: "", wasClean: false, error });
  }

  /** Sends a message, where the connection is open; gives whether it is. */
  send(data: string | Uint8Array | PreparedMessage): boolean {
    const core = this.#core;
    if (core?.phase !== "open") return false;
    if (typeof data === "string") core.sendText(data);
    else if (data instanceof Uint8Array) core.sendBinary(data);
    else if (this.#role === "client") return this.send(data.data);
    else core.sendFrame(data.frameFor(this.#format), data.compresses(this.#format));
    this.#driver?.wake();
    return true;
  }

  /** Sends a Ping, where the connection is open; gives whether it is. */
  ping(data: Uint8Array | undefined): boolean {
    if (this.#core?.phase !== "open") return false;
    this.#core.ping(data);
    this.#driver?.wake();
    return true;
  }

  /** Begins the closing handshake, or gives up the opening. */
  close(code: number | undefined, reason: string): void {
    if (this.state >= ReadyState.Closing) return;
    const wasConnecting = this.state === ReadyState.Connecting;
    this.state = ReadyState.Closing;
    if (wasConnecting) {
      const error = new WebSocketError("Cannot open WebSocket as it was closed before");
      this.#onGiveUp?.(error);
      queueMicrotask(() => this.fail(error)); // never within the caller's own call
      return;
    }
    this.#core?.close(code, reason, this.settings.scheduler.now());
    this.#driver?.wake();
  }

  /** Ends the connection at once; what waits is dropped. */
  abort(error: WebSocketError): void {
    if (this.state === ReadyState.Connecting) return this.close(undefined, "");
    this.#core?.abort(error);
    this.#driver?.wake();
  }

  /** What to wait for before more is sent; `undefined` when there is room. */
  room(): Promise<void> | undefined {
    if (this.#ending !== undefined || this.buffered < WRITE_HIGH_WATER) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** The one that has the messages can take more. */
  resume(): void {
    this.#driver?.resume();
  }

  received(event: FrameEvent): void {
    switch (event.type) {
      case "text":
      case "binary":
        if (this.state === ReadyState.Open) this.#taker?.message(event.data);
        return;
      case "close":
        if (this.state === ReadyState.Open) this.state = ReadyState.Closing;
        this.#ending ??= { code: event.code, reason: event.reason, wasClean: true, error: undefined };
        return;
      case "error":
        this.state = ReadyState.Closing;
        this.#ending ??= { code: CloseCode.AbnormalClosure, reason: "", wasClean: false, error: event.error };
        return;
      case "ping":
      case "pong":
        return;
      default:
        event satisfies never;
    }
  }

  drained(): void {
    if (this.buffered >= WRITE_HIGH_WATER) return;
    this.#makeRoom();
    for (const user of this.#users) user.drained();
  }

  ended(): void {
    this.#end(this.#ending ?? { code: CloseCode.AbnormalClosure, reason: "", wasClean: false, error: undefined });
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #end(ending: Ending): void {
    if (this.state === ReadyState.Closed) return;
    this.state = ReadyState.Closed;
    this.#ending = ending;
    this.#makeRoom();
    for (const user of this.#users) user.ended(ending);
  }
}
