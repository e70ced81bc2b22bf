/**
 * Owns the client's way to a WebSocket: by an upgrade that a client asks for. Knows nothing of what is said on it.
 *
 * @module
 */

import { ClientWebSocket, type ConnectWebSocketOptions, type WebSocketDialler } from "../websocket/connect.ts";
import { TunnelRefusedError } from "./error.ts";
import type { Tunnel, TunnelInit } from "./types.ts";

/** What is needed of a client. */
export interface Upgrader {
  /** Asks a server to go on in another protocol. */
  upgrade(input: string, protocols: string, init: TunnelInit): Promise<Tunnel>;
}

/** Opens a WebSocket over connections of the client. */
export function openWebSocket(
  client: Upgrader,
  url: string | URL,
  options: string | readonly string[] | ConnectWebSocketOptions,
): ClientWebSocket {
  return new ClientWebSocket({ url, options: optionsOf(options), dial: diallerOver(client) });
}

/** What stands in the place of the options may be the subprotocols alone, as with the platform's `WebSocket`. */
export function optionsOf(given: string | readonly string[] | ConnectWebSocketOptions): ConnectWebSocketOptions {
  return typeof given === "string" || isList(given) ? { protocols: given } : given;
}

function isList(value: readonly string[] | ConnectWebSocketOptions): value is readonly string[] {
  return Array.isArray(value);
}

/** Asks by an Upgrade (RFC 6455 §4.1), or over HTTP/2 by an extended CONNECT (RFC 8441 §5); what a server that refuses says is not read. */
export function diallerOver(client: Upgrader): WebSocketDialler {
  return async ({ url, fields, signal }) => {
    const headers = fields.map(({ name, value }): [string, string] => [name, value]);
    try {
      const { response, transport } = await client.upgrade(url, "websocket", { headers, signal });
      return { headers: response.headers, duplex: transport, switched: response.status === 101 };
    } catch (error) {
      if (error instanceof TypeError && error.cause instanceof TunnelRefusedError) {
        error.cause.response.body?.cancel().catch(() => {}); // nobody reads it: the connection is free for others
      }
      throw error;
    }
  };
}
