/**
 * Owns the shape of the platform's `WebSocket`: an event target with its attributes and events. Knows no frame and no
 * handshake.
 *
 * @module
 */

import { Channel, type ChannelUser, checkClose, type Ending, ReadyState } from "./channel.ts";
import type { Role } from "./frame.ts";
import { CloseCode, WebSocketError } from "./frame_error.ts";
import { messageOf, type PreparedMessage } from "./message.ts";
import { type OpenedWebSocket, resolveSettings, type WebSocketBaseOptions } from "./options.ts";
import { HttpWebSocketStream } from "./stream.ts";

/** What {@linkcode HttpWebSocket.send} takes. */
export type WebSocketData = string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBufferLike> | PreparedMessage;

const encoder = new TextEncoder();

/** A handler of `open` events. */
export type OpenHandler = (this: WebSocket, event: Event) => unknown;
/** A handler of `message` events. */
export type MessageHandler = (this: WebSocket, event: MessageEvent) => unknown;
/** A handler of `error` events. */
export type ErrorHandler = (this: WebSocket, event: Event | ErrorEvent) => unknown;
/** A handler of `close` events. */
export type CloseHandler = (this: WebSocket, event: CloseEvent) => unknown;

/** What a {@linkcode HttpWebSocket} is made with. */
export interface SocketOptions {
  /** Which end this is. */
  readonly role: Role;
  /** The URL, `ws:` or `wss:`. */
  readonly url: string;
  /** The options, the same that were used for the opening handshake. */
  readonly options: WebSocketBaseOptions;
  /** Settles when the opening handshake is complete; rejects where it fails. */
  readonly opened: Promise<OpenedWebSocket>;
  /** Called when the socket is closed before that. */
  readonly onGiveUp?: (reason: unknown) => void;
}

/**
 * A WebSocket with the shape of the platform's: the same attributes, methods and events, and some more. It is made by
 * {@linkcode upgradeWebSocket}, and by the `WebSocketClient` of `@avx/http/client`.
 *
 * Beyond the platform's, `close` takes each code that may be sent, not 1000 and those from 3000 on alone; `send` takes
 * a {@linkcode PreparedMessage}; and what fails is an `ErrorEvent` whose `error` is a {@linkcode WebSocketError}.
 */
export class HttpWebSocket extends EventTarget implements WebSocket {
  /** `readyState` before the connection is open. */
  static readonly CONNECTING: 0 = ReadyState.Connecting;
  /** `readyState` of an open connection. */
  static readonly OPEN: 1 = ReadyState.Open;
  /** `readyState` while the connection closes. */
  static readonly CLOSING: 2 = ReadyState.Closing;
  /** `readyState` once the connection has ended. */
  static readonly CLOSED: 3 = ReadyState.Closed;
  /** `readyState` before the connection is open. */
  readonly CONNECTING: 0 = ReadyState.Connecting;
  /** `readyState` of an open connection. */
  readonly OPEN: 1 = ReadyState.Open;
  /** `readyState` while the connection closes. */
  readonly CLOSING: 2 = ReadyState.Closing;
  /** `readyState` once the connection has ended. */
  readonly CLOSED: 3 = ReadyState.Closed;
  /** The URL, `ws:` or `wss:`. */
  readonly url: string;
  readonly #channel: Channel;
  #binaryType: BinaryType = "blob";
  #origin: string | undefined;
  #stream: HttpWebSocketStream | undefined;
  /** Messages behind a `Blob` that is being read wait for it; and how long they are, in bytes. */
  #sending: Promise<void> | undefined;
  #waiting = 0;
  /** Whether `close` was called, though what was sent before it is still being read. */
  #closing = false;
  #listened: readonly string[] = [];
  #onopen: OpenHandler | null = null;
  #onmessage: MessageHandler | null = null;
  #onerror: ErrorHandler | null = null;
  #onclose: CloseHandler | null = null;

  /**
   * Makes a socket of raw bytes, for those who do the opening handshake on their own.
   *
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(init: SocketOptions) {
    super();
    const channel = new Channel({ role: init.role, settings: resolveSettings(init.options), onGiveUp: init.onGiveUp });
    this.url = init.url;
    this.#channel = channel;
    channel.add(this.#user());
    init.opened.then((opened) => channel.open(opened), (reason) => channel.fail(reason));
  }

  /** What the connection is doing: {@linkcode HttpWebSocket.CONNECTING} to {@linkcode HttpWebSocket.CLOSED}. */
  get readyState(): 0 | 1 | 2 | 3 {
    const { state } = this.#channel;
    return this.#closing && state === ReadyState.Open ? ReadyState.Closing : state;
  }

  /** The subprotocol that both ends agreed on; empty for none, and before the connection is open. */
  get protocol(): string {
    return this.#channel.protocol;
  }

  /** The extensions that are in use: `permessage-deflate`, or empty. */
  get extensions(): string {
    return this.#channel.extensions;
  }

  /** How many bytes wait to be sent, headers of frames included. */
  get bufferedAmount(): number {
    return this.#channel.buffered + this.#waiting;
  }

  /** How binary messages are given: as `"blob"` or as `"arraybuffer"`. */
  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(value: BinaryType) {
    if (value === "blob" || value === "arraybuffer") this.#binaryType = value; // anything else is ignored (Web IDL §3.2.18)
  }

  /**
   * The same connection as streams with backpressure. Messages go there, and not to `message` events, once its `opened`,
   * `readable` or `writable` was asked for.
   */
  get stream(): HttpWebSocketStream {
    return this.#stream ??= new HttpWebSocketStream(this.#channel, this.url);
  }

  /**
   * Sends a message; does nothing once the connection closes.
   *
   * @throws {DOMException} `InvalidStateError` before the connection is open.
   */
  send(data: WebSocketData): void {
    if (this.#channel.state === ReadyState.Connecting) {
      throw new DOMException("Cannot send as the connection must be open: it is being opened", "InvalidStateError");
    }
    if (this.#sending === undefined && !(data instanceof Blob)) {
      this.#channel.send(messageOf(data));
      return;
    }
    this.#sendLater(data instanceof Blob ? data : copyOf(messageOf(data)));
  }

  /** What comes behind a `Blob` is sent behind it. */
  #sendLater(data: Blob | string | Uint8Array | PreparedMessage): void {
    const size = sizeOf(data);
    this.#waiting += size;
    const before = this.#sending ?? Promise.resolve();
    const sending = before.then(async () => {
      const message = data instanceof Blob ? await data.bytes() : data;
      this.#channel.send(message);
    }).catch((cause: unknown) => {
      this.#channel.abort(new WebSocketError("Cannot send as the Blob must be readable", { cause }));
    }).finally(() => {
      this.#waiting -= size;
      if (this.#sending === sending) this.#sending = undefined;
    });
    this.#sending = sending;
  }

  /**
   * Begins the closing handshake, behind all that was sent; does nothing once it has begun.
   *
   * @param code 1000 to 1014 as registered, or 3000 to 4999; without it the Close is empty.
   * @param reason At most 123 bytes of UTF-8.
   * @throws {DOMException} `InvalidAccessError` if the code may not be sent, `SyntaxError` if the reason is too long.
   */
  close(code?: number, reason: string = ""): void {
    checkClose(code, reason);
    const said = code ?? (reason === "" ? undefined : CloseCode.NormalClosure); // a reason has to come with a code
    if (this.#sending === undefined) return this.#channel.close(said, reason);
    this.#closing = true;
    void this.#sending.then(() => this.#channel.close(said, reason));
  }

  /**
   * Sends a Ping; does nothing unless the connection is open.
   *
   * @throws {RangeError} If the payload is longer than 125 bytes.
   */
  ping(data?: Uint8Array): void {
    this.#channel.ping(data);
  }

  /** Cuts the connection: what waits is dropped, and no Close is sent. */
  terminate(): void {
    this.#channel.abort(new WebSocketError("Cannot go on as the connection was cut by this end"));
  }

  /** Called when the connection is open. */
  get onopen(): OpenHandler | null {
    return this.#onopen;
  }

  set onopen(handler: OpenHandler | null) {
    this.#onopen = callable(handler);
    this.#listen("open");
  }

  /** Called with each message. */
  get onmessage(): MessageHandler | null {
    return this.#onmessage;
  }

  set onmessage(handler: MessageHandler | null) {
    this.#onmessage = callable(handler);
    this.#listen("message");
  }

  /** Called with an `ErrorEvent` when the connection has failed, before it closes. */
  get onerror(): ErrorHandler | null {
    return this.#onerror;
  }

  set onerror(handler: ErrorHandler | null) {
    this.#onerror = callable(handler);
    this.#listen("error");
  }

  /** Called when the connection has ended. */
  get onclose(): CloseHandler | null {
    return this.#onclose;
  }

  set onclose(handler: CloseHandler | null) {
    this.#onclose = callable(handler);
    this.#listen("close");
  }

  /** Takes a handler's place among the listeners: that of its first setting. */
  #listen(type: "open" | "message" | "error" | "close"): void {
    if (this.#listened.includes(type)) return;
    this.#listened = [...this.#listened, type];
    this.addEventListener(type, this.#handle);
  }

  readonly #handle = (event: Event): void => {
    if (event instanceof MessageEvent) this.#onmessage?.call(this, event);
    else if (event instanceof CloseEvent) this.#onclose?.call(this, event);
    else if (event instanceof ErrorEvent) this.#onerror?.call(this, event);
    else this.#onopen?.call(this, event);
  };

  /** What the channel tells of. */
  #user(): ChannelUser {
    return {
      full: false, // events can't wait
      opened: () => void this.dispatchEvent(new Event("open")),
      message: (data) => this.#received(data),
      drained: () => {},
      ended: (ending) => this.#ended(ending),
    };
  }

  #received(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#closing) return; // WebSockets §4
    const { origin } = this;
    const shaped = typeof data === "string" ? data : this.#binaryType === "blob" ? new Blob([data]) : bufferOf(data);
    this.dispatchEvent(new MessageEvent("message", { data: shaped, origin }));
  }

  #ended({ code, reason, wasClean, error }: Ending): void {
    if (error !== undefined) this.dispatchEvent(new ErrorEvent("error", { error, message: error.message }));
    this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
  }

  /** Where messages come from, as their events say it. */
  get origin(): string {
    return this.#origin ??= new URL(this.url).origin;
  }
}

/** What lets `addEventListener` know the events' types, as the platform's does. */
export interface HttpWebSocket {
  /** Adds a listener of one of the socket's events. */
  addEventListener<K extends keyof WebSocketEventMap>(
    type: K,
    listener: (this: WebSocket, event: WebSocketEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  /** Adds a listener of any event. */
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  /** Removes a listener of one of the socket's events. */
  removeEventListener<K extends keyof WebSocketEventMap>(
    type: K,
    listener: (this: WebSocket, event: WebSocketEventMap[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  /** Removes a listener of any event. */
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** What is no function is no handler (HTML §8.1.8.1). */
function callable<T>(handler: T): T | null {
  return typeof handler === "function" ? handler : null;
}

/** What is sent later must not change until then. */
function copyOf(data: string | Uint8Array | PreparedMessage): string | Uint8Array | PreparedMessage {
  return data instanceof Uint8Array ? data.slice() : data;
}

function sizeOf(data: Blob | string | Uint8Array | PreparedMessage): number {
  if (typeof data === "string") return encoder.encode(data).length;
  return data instanceof Blob ? data.size : data.byteLength;
}

function bufferOf(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}
