/**
 * Owns the sending of one message to many. Knows no frame.
 *
 * @module
 */

import { PreparedMessage } from "./message.ts";
import type { HttpWebSocket } from "./socket.ts";

/** What {@linkcode broadcast} may be told. */
export interface BroadcastOptions {
  /**
   * Passes over sockets of which more bytes wait already: they get no more than they can take.
   *
   * @default {Infinity}
   */
  readonly maxBuffered?: number;
  /** Told of each socket that was passed over, as more waits for it than `maxBuffered`. */
  readonly onSlow?: (socket: HttpWebSocket) => void;
}

/**
 * Sends a message to all sockets that are open, and gives to how many. It is framed once, and compressed once for each way
 * in which sockets agreed on; bytes must not be changed until they have left.
 *
 * @example
 * ```ts
 * import { broadcast, type HttpWebSocket } from "@avx/http/websocket";
 *
 * const room = new Set<HttpWebSocket>();
 * broadcast(room, "hello, all", { maxBuffered: 64 * 1024, onSlow: (socket) => socket.close(1013, "too slow") });
 * ```
 */
export function broadcast(
  sockets: Iterable<HttpWebSocket>,
  data: string | Uint8Array | ArrayBuffer | PreparedMessage,
  options: BroadcastOptions = {},
): number {
  const { maxBuffered = Infinity, onSlow } = options;
  const message = data instanceof PreparedMessage ? data : new PreparedMessage(data);
  let sent = 0;
  for (const socket of sockets) {
    if (socket.readyState !== socket.OPEN) continue;
    if (socket.bufferedAmount > maxBuffered) {
      onSlow?.(socket);
      continue;
    }
    socket.send(message);
    sent++;
  }
  return sent;
}
