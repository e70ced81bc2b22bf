/**
 * Owns messages that go to many: framed once, compressed once for each way that receivers agreed on. Knows no connection.
 *
 * @module
 */

import { deflateAlone } from "./deflate.ts";
import { Opcode } from "./frame.ts";
import { wholeFrame } from "./frame_sender.ts";

const encoder = new TextEncoder();

/** How a connection compresses what it sends, as far as messages to many differ by it. */
export interface MessageFormat {
  /** The logarithm to the base 2 of the window. */
  readonly windowBits: number;
  /** How hard to compress, 0 to 9. */
  readonly level: number;
  /** How much memory that takes, 1 to 9. */
  readonly memLevel: number;
  /** Shorter messages are sent as they are, in bytes. */
  readonly threshold: number;
}

/**
 * A message that is sent on many connections, by {@linkcode HttpWebSocket.send} or {@linkcode broadcast}: its frame is
 * made once and shared by all that want the same. The bytes must not be changed while it is in use.
 *
 * @example
 * ```ts
 * import { type HttpWebSocket, PreparedMessage } from "@avx/http/websocket";
 *
 * const sockets = new Set<HttpWebSocket>();
 * const message = new PreparedMessage(JSON.stringify({ price: 42 }));
 * for (const socket of sockets) socket.send(message);
 * ```
 */
export class PreparedMessage {
  /** What is sent. */
  readonly data: string | Uint8Array;
  readonly #payload: Uint8Array;
  readonly #opcode: Opcode;
  /** Frames by how they are compressed. */
  readonly #frames = new Map<string, Uint8Array<ArrayBuffer>>();

  /** Takes text, or bytes that nobody changes any more. */
  constructor(data: string | Uint8Array | ArrayBuffer) {
    this.data = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
    this.#payload = typeof this.data === "string" ? encoder.encode(this.data) : this.data;
    this.#opcode = typeof this.data === "string" ? Opcode.Text : Opcode.Binary;
  }

  /** How many bytes the message has. */
  get byteLength(): number {
    return this.#payload.length;
  }

  /** Whether it is compressed for those who agreed on this; `undefined` stands for no compression. */
  compresses(format: MessageFormat | undefined): boolean {
    return format !== undefined && this.#payload.length > 0 && this.#payload.length >= format.threshold;
  }

  /** The frame of a server for all who agreed on this. */
  frameFor(format: MessageFormat | undefined): Uint8Array {
    const compressed = format !== undefined && this.compresses(format);
    const key = compressed ? `${format.windowBits} ${format.level} ${format.memLevel}` : "";
    let frame = this.#frames.get(key);
    if (frame === undefined) {
      const payload = compressed ? deflateAlone(this.#payload, format) : this.#payload;
      frame = wholeFrame(this.#opcode, payload, compressed);
      this.#frames.set(key, frame);
    }
    return frame;
  }
}

/** A message as it is sent; views are looked at, not copied. */
export function messageOf(data: string | ArrayBufferLike | ArrayBufferView<ArrayBufferLike>): string | Uint8Array;
export function messageOf(
  data: string | ArrayBufferLike | ArrayBufferView<ArrayBufferLike> | PreparedMessage,
): string | Uint8Array | PreparedMessage;
export function messageOf(
  data: string | ArrayBufferLike | ArrayBufferView<ArrayBufferLike> | PreparedMessage,
): string | Uint8Array | PreparedMessage {
  if (typeof data === "string" || data instanceof Uint8Array || data instanceof PreparedMessage) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  return String(data); // Web IDL: anything else becomes a string
}
