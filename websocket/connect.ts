/**
 * Owns the client's side of the opening: what is asked for, by whatever sends requests, and what its answer means. Knows no
 * client and no version of HTTP.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import type { Duplex } from "../http/upgrade.ts";
import { areProtocols, type ClientOpening, makeKey, openingFields, readAnswer } from "./handshake.ts";
import { type OpenedWebSocket, resolveSettings, type WebSocketBaseOptions } from "./options.ts";
import { HttpWebSocket } from "./socket.ts";

/** What a client's WebSocket takes. */
export interface ConnectWebSocketOptions extends WebSocketBaseOptions {
  /** The subprotocols to offer, the most wanted first. */
  readonly protocols?: string | readonly string[];
  /** More fields for the request. */
  readonly headers?: HeadersInit;
  /** Gives the opening up when it aborts; an open connection is closed by its own `close`. */
  readonly signal?: AbortSignal;
}

/** What is asked of whoever sends requests. */
export interface WebSocketDial {
  /** The URL, `http:` or `https:`. */
  readonly url: string;
  /** The request's fields, but those that switch the connection. */
  readonly fields: readonly Field[];
  /** Aborts when nobody wants the connection any more. */
  readonly signal: AbortSignal;
}

/** What became of it. */
export interface WebSocketDialled {
  /** The response's fields. */
  readonly headers: Headers;
  /** The raw bytes. */
  readonly duplex: Duplex;
  /**
   * Whether the connection was switched, so that the key has to be answered (RFC 6455 §4.1); not for an extended CONNECT.
   *
   * @default {true}
   */
  readonly switched?: boolean;
}

/** Asks a server to open a WebSocket. */
export type WebSocketDialler = (dial: WebSocketDial) => Promise<WebSocketDialled>;

/** What a {@linkcode ClientWebSocket} is made of. */
export interface ClientSocketInit {
  /** The URL: `ws:`, `wss:`, `http:` or `https:`. */
  readonly url: string | URL;
  /** The options. */
  readonly options: ConnectWebSocketOptions;
  /** Asks the server. */
  readonly dial: WebSocketDialler;
}

/** A client's WebSocket: it opens as soon as it is made. */
export class ClientWebSocket extends HttpWebSocket {
  /**
   * Begins to open a connection.
   *
   * @throws {DOMException} `SyntaxError` if the URL is none for a WebSocket, or a subprotocol is no token or there twice.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(init: ClientSocketInit) {
    const url = parseUrl(init.url);
    const { options } = init;
    const settings = resolveSettings(options);
    const given = options.protocols ?? [];
    const protocols = typeof given === "string" ? [given] : [...given];
    if (!areProtocols(protocols)) {
      throw new DOMException(
        `Cannot open WebSocket as 'protocols' must be tokens, each once: received ${protocols.join(", ")}`,
        "SyntaxError",
      );
    }
    const opening = { key: makeKey(), protocols, deflate: settings.compression?.wishes };
    const giveUp = new AbortController();
    super({
      role: "client",
      url: url.href,
      options,
      opened: open(init, opening, giveUp.signal),
      onGiveUp: (reason) => giveUp.abort(reason),
    });
  }
}

async function open(init: ClientSocketInit, opening: ClientOpening, signal: AbortSignal): Promise<OpenedWebSocket> {
  const { options, dial } = init;
  const url = parseUrl(init.url).href.replace(/^ws/, "http");
  const fields = [...fieldsOf(options.headers), ...openingFields(opening)];
  const both = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
  const { headers, duplex, switched = true } = await dial({ url, fields, signal: both });
  try {
    return { duplex, ...readAnswer(headers, switched ? opening : { ...opening, key: undefined }) };
  } catch (error) {
    duplex.close();
    throw error;
  }
}

/** What may be opened (WebSockets §3.1): no fragment, and a scheme that is a WebSocket's or becomes one. */
function parseUrl(given: string | URL): URL {
  const url = URL.parse(String(given));
  if (url === null || url.hash !== "" || String(given).endsWith("#")) throw badUrl(given);
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw badUrl(given);
  return url;
}

function badUrl(given: string | URL): DOMException {
  return new DOMException(
    `Cannot open WebSocket as 'url' must be absolute, of ws: or wss:, and have no fragment: received ${given}`,
    "SyntaxError",
  );
}

/** The caller's fields; those of the handshake are its own. */
function fieldsOf(headers: HeadersInit | undefined): Field[] {
  const fields: Field[] = [];
  if (headers === undefined) return fields;
  new Headers(headers).forEach((value, name) => {
    if (!name.startsWith("sec-websocket-")) fields.push({ name, value });
  });
  return fields;
}
