/**
 * Owns the server's side of the opening: from a request to a response and a socket. Knows no server and no version of HTTP.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { acceptingStatus, offeredProtocols, offerUpgrade, type Switchable, switchableOf } from "../http/upgrade.ts";
import { acceptDeflate, type AgreedDeflate } from "./extension.ts";
import { acceptOf, type OpeningRequest, readOpening, WebSocketHandshakeError } from "./handshake.ts";
import { resolveSettings, type WebSocketBaseOptions } from "./options.ts";
import { HttpWebSocket } from "./socket.ts";
import type { HttpWebSocketStream } from "./stream.ts";

/** What {@linkcode upgradeWebSocket} takes. */
export interface UpgradeWebSocketOptions extends WebSocketBaseOptions {
  /** The subprotocols that the server speaks: the client's first wish among them is chosen, none where there is none. */
  readonly protocols?: readonly string[];
  /** The one subprotocol that the client must offer, as with `Deno.upgradeWebSocket`; another is refused with 400. */
  readonly protocol?: string;
  /**
   * Which origins may connect: all by default. A page of any site can open a WebSocket to any server, and the browser
   * sends the server's cookies with it. Those that are refused are answered 403; who sends no `origin` is no browser, and
   * is let in by a list.
   */
  readonly origins?: readonly string[] | ((origin: string | undefined) => boolean);
  /** More fields for the response. */
  readonly headers?: HeadersInit;
}

/** What {@linkcode upgradeWebSocket} gives. */
export interface WebSocketUpgrade {
  /** What the handler has to return. */
  readonly response: Response;
  /** The connection with the shape of the platform's `WebSocket`; opens once the response has left. */
  readonly socket: HttpWebSocket;
  /** The same connection as streams with backpressure. */
  readonly stream: HttpWebSocketStream;
}

/**
 * Accepts a WebSocket: an Upgrade over HTTP/1.1 (RFC 6455), or an extended CONNECT over HTTP/2 (RFC 8441). The request must
 * be the one that a server of this library gave its handler, not a copy.
 *
 * @example
 * ```ts
 * import { serve } from "@avx/http/server";
 * import { HttpClient } from "@avx/http/client";
 * import { memoryNetwork } from "@avx/http/net";
 * import { upgradeWebSocket } from "@avx/http/websocket";
 *
 * const { listener, connect } = memoryNetwork();
 * await using _server = serve({ listener }, (request) => {
 *   const { response, socket } = upgradeWebSocket(request, { compression: true });
 *   socket.onmessage = ({ data }) => socket.send(data);
 *   return response;
 * });
 *
 * await using client = new HttpClient({ connect });
 * const { readable, writable } = await client.webSocket("ws://localhost/echo").stream.opened;
 * await new Blob(["hello"]).stream().pipeThrough(new TextDecoderStream()).pipeTo(writable, { preventClose: true });
 * for await (const message of readable) {
 *   console.log(message); // hello
 *   break; // closes the connection
 * }
 * ```
 *
 * @throws {WebSocketHandshakeError} If the request can't become a WebSocket, or may not. Where the handler lets it pass, the
 * server answers with its status: 400, 403 or 426.
 * @throws {TypeError} If the request is not one that a server of this library gave to its handler.
 * @throws {RangeError} If an option is out of its range.
 */
export function upgradeWebSocket(request: Request, options: UpgradeWebSocketOptions = {}): WebSocketUpgrade {
  const settings = resolveSettings(options);
  const call = switchableOf(request);
  if (call === undefined) {
    throw new TypeError("Cannot upgrade as the request must be the one that the server gave its handler, not a copy");
  }
  const opening = readRequest(call);
  checkOrigin(opening.origin, options.origins);
  const protocol = chooseProtocol(opening.protocols, options);
  const deflate = settings.compression && acceptDeflate(opening.extensions, settings.compression.wishes);
  const fields = [...responseFields(opening, protocol, deflate), ...fieldsOf(options.headers)];
  const { response, transport } = offerUpgrade(call, { protocol: "websocket", fields });
  const opened = transport.then((duplex) => ({ duplex, protocol, deflate: deflate?.parameters }));
  const socket = new HttpWebSocket({ role: "server", url: socketUrl(request.url), options, opened });
  return {
    response,
    socket,
    get stream(): HttpWebSocketStream {
      return socket.stream;
    },
  };
}

/** What must hold of the request but for its own fields (RFC 6455 §4.2.1, RFC 8441 §5). */
function readRequest(call: Switchable): OpeningRequest {
  const switches = acceptingStatus(call) === 101;
  if (!offeredProtocols(call).some((name) => name.toLowerCase() === "websocket")) {
    throw new WebSocketHandshakeError("Cannot upgrade as 'upgrade' must have websocket", 426);
  }
  if (switches && call.method !== "GET") {
    throw new WebSocketHandshakeError(`Cannot upgrade as the method must be GET: received ${call.method}`, 400);
  }
  if (!call.switchable) {
    throw new WebSocketHandshakeError(
      "Cannot upgrade as the request must be HTTP/1.1, have 'connection: upgrade' and no content",
      400,
    );
  }
  return readOpening(call.fields(), switches);
}

function checkOrigin(origin: string | undefined, origins: UpgradeWebSocketOptions["origins"]): void {
  if (origins === undefined) return;
  const allowed = typeof origins === "function" ? origins(origin) : origin === undefined || origins.includes(origin);
  if (!allowed) {
    throw new WebSocketHandshakeError(
      `Cannot upgrade as the origin must be allowed: received ${origin ?? "none"}`,
      403,
    );
  }
}

function chooseProtocol(offered: readonly string[], { protocol, protocols = [] }: UpgradeWebSocketOptions): string {
  if (protocol === undefined) return offered.find((one) => protocols.includes(one)) ?? "";
  if (!offered.includes(protocol)) {
    throw new WebSocketHandshakeError(`Cannot upgrade as the client must offer the subprotocol ${protocol}`, 400);
  }
  return protocol;
}

/** RFC 6455 §4.2.2. */
function responseFields(opening: OpeningRequest, protocol: string, deflate: AgreedDeflate | undefined): Field[] {
  const fields: Field[] = [];
  if (opening.key !== undefined) fields.push({ name: "sec-websocket-accept", value: acceptOf(opening.key) });
  if (protocol !== "") fields.push({ name: "sec-websocket-protocol", value: protocol });
  if (deflate !== undefined) fields.push({ name: "sec-websocket-extensions", value: deflate.field });
  return fields;
}

function fieldsOf(headers: HeadersInit | undefined): Field[] {
  const fields: Field[] = [];
  if (headers !== undefined) new Headers(headers).forEach((value, name) => fields.push({ name, value }));
  return fields;
}

/** The URL of a request with the scheme of a WebSocket (RFC 6455 §3). */
function socketUrl(url: string): string {
  return url.replace(/^http/, "ws");
}
