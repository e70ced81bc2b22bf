/**
 * Owns the WebSocket that needs no client to be made before it. Knows nothing of what is said on it.
 *
 * @module
 */

import { ClientWebSocket, type ConnectWebSocketOptions, type WebSocketDialler } from "../websocket/connect.ts";
import { HttpClient } from "./client.ts";
import { diallerOver, optionsOf } from "./web_socket.ts";

/** What a {@linkcode WebSocketClient} takes. */
export interface WebSocketClientOptions extends ConnectWebSocketOptions {
  /** Whose connections, TLS and deadlines are used; by default those of a client for this WebSocket alone. */
  readonly client?: HttpClient;
}

/**
 * A WebSocket with the shape of the platform's, and with what that lacks: compression, streams with backpressure (its
 * `stream`), fields of the request, limits and deadlines, any transport.
 *
 * @example
 * ```ts
 * import { HttpClient, serve, upgradeWebSocket, WebSocketClient } from "@avx/http";
 * import { memoryNetwork } from "@avx/http/net";
 *
 * const { listener, connect } = memoryNetwork();
 * await using _server = serve({ listener }, (request) => {
 *   const { response, socket } = upgradeWebSocket(request, { protocols: ["echo"] });
 *   socket.onmessage = ({ data }) => socket.send(data);
 *   return response;
 * });
 * await using client = new HttpClient({ connect }); // without `client`: over TCP and TLS
 * const socket = new WebSocketClient("ws://localhost/", { protocols: "echo", client });
 * const { readable, writable, protocol } = await socket.stream.opened;
 * const writer = writable.getWriter();
 * await writer.write("hello");
 * const reader = readable.getReader();
 * console.log(protocol, await reader.read()); // echo { value: "hello", done: false }
 * await writer.close();
 * ```
 */
export class WebSocketClient extends ClientWebSocket {
  /**
   * Begins to open a connection.
   *
   * @param options The options, or the subprotocols alone.
   * @throws {DOMException} `SyntaxError` if the URL is none for a WebSocket, or a subprotocol is no token or there twice.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(url: string | URL, options: string | readonly string[] | WebSocketClientOptions = {}) {
    super({ url, options: optionsOf(options), dial: diallerOf(options) });
  }
}

function diallerOf(options: string | readonly string[] | WebSocketClientOptions): WebSocketDialler {
  if (typeof options === "object" && "client" in options && options.client !== undefined) {
    return diallerOver(options.client);
  }
  return async (dial) => {
    using client = new HttpClient(); // a connection that was switched is its holder's: it outlives the client
    return await diallerOver(client)(dial);
  };
}
