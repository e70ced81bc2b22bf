/**
 * Owns the fit between {@linkcode upgradeWebSocket} and the helper of the same name that Hono apps expect. Knows of Hono
 * only the shapes that it calls and is called by.
 *
 * @module
 */

import type { HttpWebSocket, WebSocketData } from "./socket.ts";
import { upgradeWebSocket, type UpgradeWebSocketOptions } from "./upgrade.ts";

/** What is needed of Hono's `Context`. */
export interface HonoContext {
  /** The request, around the one that the server gave. */
  readonly req: { readonly raw: Request };
}

/** What an app's events get of the socket: the shape of Hono's `WSContext`. */
export interface HonoSocket {
  /** The socket itself. */
  readonly raw: HttpWebSocket;
  /** How binary messages are given. */
  binaryType: BinaryType;
  /** The socket's URL. */
  readonly url: URL;
  /** The subprotocol that was agreed on; `null` for none. */
  readonly protocol: string | null;
  /** What the connection is doing. */
  readonly readyState: 0 | 1 | 2 | 3;
  /** Sends a message; whether it is compressed is a matter of what was agreed on. */
  send(data: WebSocketData, options?: { readonly compress?: boolean }): void;
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): void;
}

/** What an app listens to. */
export interface HonoEvents<S = HonoSocket> {
  /** The connection is open. */
  onOpen?: (event: Event, socket: S) => void;
  /** A message came. */
  onMessage?: (event: MessageEvent, socket: S) => void;
  /** The connection has ended. */
  onClose?: (event: CloseEvent, socket: S) => void;
  /** The connection has failed. */
  onError?: (event: Event, socket: S) => void;
}

/** What Hono calls: it answers, or leaves the request to the next. */
export type HonoMiddleware<C extends HonoContext> = (
  context: C,
  next: () => Promise<void>,
) => Promise<Response | void>;

/**
 * Makes a route of a Hono app that accepts WebSockets, as Hono's own `upgradeWebSocket` does on other servers. Requests that
 * ask for no WebSocket go on to the next route. Over HTTP/2 a WebSocket is asked for by a CONNECT (RFC 8441), which `app.get`
 * does not take: `app.on` takes both.
 *
 * @example
 * ```ts ignore
 * import { Hono } from "hono";
 * import { serve } from "@avx/http";
 * import { honoUpgradeWebSocket } from "@avx/http/websocket";
 *
 * const app = new Hono();
 * app.on(["GET", "CONNECT"], "/ws", honoUpgradeWebSocket(() => ({
 *   onMessage: (event, socket) => socket.send(event.data),
 * })));
 * serve(app.fetch);
 * ```
 */
export function honoUpgradeWebSocket<C extends HonoContext>(
  listen: (context: C) => HonoEvents | Promise<HonoEvents>,
  options: UpgradeWebSocketOptions = {},
): HonoMiddleware<C> {
  return async (context, next) => {
    const { raw } = context.req;
    if (raw.headers.get("upgrade")?.toLowerCase() !== "websocket" && raw.method !== "CONNECT") return await next();
    const events = await listen(context);
    const { response, socket } = upgradeWebSocket(raw, options);
    follow(socket, events);
    return response;
  };
}

function follow(socket: HttpWebSocket, events: HonoEvents): void {
  const shaped: HonoSocket = {
    raw: socket,
    get binaryType() {
      return socket.binaryType;
    },
    set binaryType(type) {
      socket.binaryType = type;
    },
    url: new URL(socket.url),
    get protocol() {
      return socket.protocol || null;
    },
    get readyState() {
      return socket.readyState;
    },
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
  };
  socket.binaryType = "arraybuffer"; // as Hono has it
  if (events.onOpen) socket.addEventListener("open", (event) => events.onOpen?.(event, shaped));
  if (events.onMessage) socket.addEventListener("message", (event) => events.onMessage?.(event, shaped));
  if (events.onClose) socket.addEventListener("close", (event) => events.onClose?.(event, shaped));
  if (events.onError) socket.addEventListener("error", (event) => events.onError?.(event, shaped));
}
