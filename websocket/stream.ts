/**
 * Owns the shape of a WebSocket as a pair of streams with backpressure, after WebSocketStream. Knows no frame and no
 * event target.
 *
 * @module
 */

import { type Channel, type ChannelUser, checkClose, type Ending, isReason } from "./channel.ts";
import { CloseCode, isCloseCode, WebSocketError } from "./frame_error.ts";
import { messageOf } from "./message.ts";

/** What {@linkcode HttpWebSocketStream.opened} gives. */
export interface WebSocketConnection {
  /** The messages that come: text as strings, binary ones as bytes. */
  readonly readable: ReadableStream<string | Uint8Array<ArrayBuffer>>;
  /** Sends messages: strings as text, bytes as binary ones. */
  readonly writable: WritableStream<string | BufferSource>;
  /** The subprotocol that both ends agreed on; empty for none. */
  readonly protocol: string;
  /** The extensions that are in use: `permessage-deflate`, or empty. */
  readonly extensions: string;
}

/** What {@linkcode HttpWebSocketStream.close} takes, and {@linkcode HttpWebSocketStream.closed} gives. */
export interface WebSocketCloseInfo {
  /** 1000 to 1014 as registered, or 3000 to 4999; 1005 where the peer gave none. */
  readonly closeCode?: number;
  /** Why, at most 123 bytes of UTF-8. */
  readonly reason?: string;
}

/**
 * A WebSocket as streams. A message is read only when somebody wants it: a peer that sends faster has to wait, and so
 * has a writer whose peer reads more slowly.
 */
export class HttpWebSocketStream {
  /** The URL, `ws:` or `wss:`. */
  readonly url: string;
  readonly #channel: Channel;
  readonly #user: ChannelUser;
  readonly #readable: ReadableStream<string | Uint8Array<ArrayBuffer>>;
  readonly #writable: WritableStream<string | BufferSource>;
  readonly #opened: PromiseWithResolvers<WebSocketConnection> = Promise.withResolvers();
  readonly #closed: PromiseWithResolvers<Required<WebSocketCloseInfo>> = Promise.withResolvers();
  #incoming: ReadableStreamDefaultController<string | Uint8Array<ArrayBuffer>> | undefined;
  #outgoing: WritableStreamDefaultController | undefined;
  /** Whether nobody reads any more. */
  #cancelled = false;

  /** Made by a socket. */
  constructor(channel: Channel, url: string) {
    this.url = url;
    this.#channel = channel;
    this.#readable = new ReadableStream({
      start: (controller) => void (this.#incoming = controller),
      pull: () => channel.resume(),
      cancel: (reason) => {
        this.#cancelled = true;
        this.#giveUp(reason);
      },
    });
    this.#writable = new WritableStream({
      start: (controller) => void (this.#outgoing = controller),
      write: (chunk) => this.#write(chunk),
      close: () => this.#finish(),
      abort: (reason) => this.#giveUp(reason),
    });
    this.#opened.promise.catch(() => {}); // whoever asks is told; nobody else needs to be
    this.#closed.promise.catch(() => {}); // the same
    this.#user = this.#makeUser();
    channel.add(this.#user);
  }

  /** Settles when the connection is open; rejects with a {@linkcode WebSocketError} where that fails. */
  get opened(): Promise<WebSocketConnection> {
    this.#channel.claim(this.#user);
    return this.#opened.promise;
  }

  /** The messages that come. */
  get readable(): ReadableStream<string | Uint8Array<ArrayBuffer>> {
    this.#channel.claim(this.#user);
    return this.#readable;
  }

  /** Sends messages. Closing it closes the connection, and settles when that has ended. */
  get writable(): WritableStream<string | BufferSource> {
    this.#channel.claim(this.#user);
    return this.#writable;
  }

  /**
   * Settles with what the peer's Close says when the connection has ended; rejects with a {@linkcode WebSocketError}
   * where there was none.
   */
  get closed(): Promise<Required<WebSocketCloseInfo>> {
    return this.#closed.promise;
  }

  /**
   * Begins the closing handshake, behind all that was written; does nothing once it has begun.
   *
   * @throws {DOMException} `InvalidAccessError` if the code may not be sent, `SyntaxError` if the reason is too long.
   */
  close(info: WebSocketCloseInfo = {}): void {
    const { closeCode, reason = "" } = info;
    checkClose(closeCode, reason);
    this.#channel.close(closeCode ?? (reason === "" ? undefined : CloseCode.NormalClosure), reason);
  }

  /** What the channel tells of. */
  #makeUser(): ChannelUser {
    const isFull = () => (this.#incoming?.desiredSize ?? 0) <= 0;
    return {
      get full(): boolean {
        return isFull();
      },
      opened: () => this.#open(),
      message: (data) => this.#incoming?.enqueue(data),
      drained: () => {},
      ended: (ending) => this.#end(ending),
    };
  }

  #open(): void {
    const { protocol, extensions } = this.#channel;
    this.#opened.resolve({ readable: this.#readable, writable: this.#writable, protocol, extensions });
  }

  async #write(chunk: string | BufferSource): Promise<void> {
    if (!this.#channel.send(messageOf(chunk))) throw new WebSocketError("Cannot send as the connection must be open");
    await this.#channel.room();
  }

  async #finish(): Promise<void> {
    this.#channel.close(undefined, "");
    await this.#closed.promise;
  }

  /** Nobody reads or writes on: a {@linkcode WebSocketError} says with which code to close, and why where that fits. */
  #giveUp(reason: unknown): void {
    if (reason instanceof WebSocketError && isCloseCode(reason.closeCode)) {
      this.close({ closeCode: reason.closeCode, reason: isReason(reason.reason) ? reason.reason : "" });
    } else this.close();
  }

  #end({ code, reason, wasClean, error }: Ending): void {
    if (wasClean) {
      this.#closed.resolve({ closeCode: code, reason });
      if (!this.#cancelled) this.#incoming?.close();
      return; // the writable stays: what pipes the readable into it closes it, and a further write is refused
    }
    const failure = error ?? new WebSocketError("Cannot go on as the connection has ended");
    this.#opened.reject(failure);
    this.#closed.reject(failure);
    this.#incoming?.error(failure);
    this.#outgoing?.error(failure);
  }
}
