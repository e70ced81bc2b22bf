/**
 * Owns the opening handshake of both ends (RFC 6455 §4, RFC 8441 §5): which fields say what, and which are refused. Knows
 * no connection and no version of HTTP but by whether it switches.
 *
 * @module
 */

import { ProtocolError } from "../http/fields/error.ts";
import type { Field } from "../http/fields/field.ts";
import { splitUnquoted } from "../http/fields/list.ts";
import { ALPHA, consistsOf, DIGIT, isToken, octets } from "../http/fields/token.ts";
import {
  agreeDeflate,
  type DeflateParameters,
  type DeflateWishes,
  type Extension,
  offerDeflate,
  parseExtensions,
} from "./extension.ts";
import { CloseCode, WebSocketError } from "./frame_error.ts";
import { sha1 } from "./sha1.ts";

/** What the key is joined with before it is digested (RFC 6455 §1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The version of the protocol (RFC 6455 §4.1). */
const VERSION = "13";

/** Base64 of 16 octets: 22 digits and `==`. */
const KEY_LENGTH = 24;
const BASE64 = octets(ALPHA, DIGIT, "+/");

/**
 * A request that can't become a WebSocket: thrown by {@linkcode upgradeWebSocket}. A server of this library answers it
 * with its status and fields where the handler lets it pass.
 */
export class WebSocketHandshakeError extends ProtocolError {
  /** The class's name. */
  override readonly name: string = "WebSocketHandshakeError";

  /** Made with the status that answers. */
  constructor(message: string, status: 400 | 403 | 426) {
    super(message, { scope: "message", status, headers: status === 426 ? UPGRADE_REQUIRED : {} });
  }

  /** The answer: the status, its fields and the message. */
  toResponse(): Response {
    return new Response(`${this.message}\n`, { status: this.status, headers: this.headers });
  }
}

/** RFC 6455 §4.4, RFC 9110 §15.5.22. */
const UPGRADE_REQUIRED = { "connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": VERSION };

/** What a client's request says. */
export interface OpeningRequest {
  /** Its key; `undefined` where there is none, as in HTTP/2. */
  readonly key: string | undefined;
  /** The subprotocols that it offers, the most wanted first. */
  readonly protocols: readonly string[];
  /** The extensions that it offers, the most wanted first. */
  readonly extensions: readonly Extension[];
  /** Who asks, where a browser does. */
  readonly origin: string | undefined;
}

/**
 * Reads a client's fields.
 *
 * @param switches Whether the connection is switched, as in HTTP/1.1; an extended CONNECT has no key.
 * @throws {WebSocketHandshakeError} If a field is missing, malformed or there twice.
 */
export function readOpening(fields: readonly Field[], switches: boolean): OpeningRequest {
  const version = onlyValue(fields, "sec-websocket-version");
  if (version !== VERSION) {
    throw new WebSocketHandshakeError(
      `Cannot upgrade as 'sec-websocket-version' must be 13: received ${version ?? "none"}`,
      426,
    );
  }
  const key = switches ? onlyValue(fields, "sec-websocket-key") ?? "" : undefined;
  if (key !== undefined && !isKey(key)) {
    throw new WebSocketHandshakeError("Cannot upgrade as 'sec-websocket-key' must be 16 octets in base64", 400);
  }
  const protocols = readProtocols(allValues(fields, "sec-websocket-protocol"));
  if (protocols === undefined) {
    throw new WebSocketHandshakeError("Cannot upgrade as 'sec-websocket-protocol' must list each token once", 400);
  }
  const offered = allValues(fields, "sec-websocket-extensions");
  const extensions = offered === undefined ? [] : parseExtensions(offered);
  if (extensions === undefined) {
    throw new WebSocketHandshakeError("Cannot upgrade as 'sec-websocket-extensions' must be well-formed", 400);
  }
  return { key, protocols, extensions, origin: onlyValue(fields, "origin") };
}

/** The value of a field that may be there once. */
function onlyValue(fields: readonly Field[], name: string): string | undefined {
  const found = fields.filter((field) => field.name === name);
  if (found.length > 1) throw new WebSocketHandshakeError(`Cannot upgrade as '${name}' must be there once`, 400);
  return found[0]?.value;
}

/** The values of a list field, joined. */
function allValues(fields: readonly Field[], name: string): string | undefined {
  const found = fields.filter((field) => field.name === name);
  return found.length === 0 ? undefined : found.map(({ value }) => value).join(",");
}

function isKey(key: string): boolean {
  return key.length === KEY_LENGTH && key.endsWith("==") && consistsOf(BASE64, key.slice(0, -2));
}

/** Reads the subprotocols of a list; `undefined` where one is no token or there twice (RFC 6455 §4.1). */
export function readProtocols(value: string | undefined): string[] | undefined {
  if (value === undefined) return [];
  const protocols = splitUnquoted(value, 0x2c).filter((element) => element !== "");
  return protocols.length > 0 && areProtocols(protocols) ? protocols : undefined;
}

/** Whether a client may offer these: tokens, each once. */
export function areProtocols(protocols: readonly string[]): boolean {
  return protocols.every(isToken) && new Set(protocols).size === protocols.length;
}

/**
 * What proves that a key was received (RFC 6455 §4.2.2).
 *
 * @example
 * ```ts
 * import { acceptOf } from "@avx/http/websocket";
 *
 * console.log(acceptOf("dGhlIHNhbXBsZSBub25jZQ==")); // s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
 * ```
 */
export function acceptOf(key: string): string {
  return btoa(String.fromCharCode(...sha1(key + GUID)));
}

/** A new client's key: 16 octets that nobody can foresee. */
export function makeKey(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
}

/** What a client asks for. */
export interface ClientOpening {
  /** The key; `undefined` in HTTP/2. */
  readonly key: string | undefined;
  /** The subprotocols that are offered. */
  readonly protocols: readonly string[];
  /** What is wanted of permessage-deflate; `undefined` where it isn't offered. */
  readonly deflate: DeflateWishes | undefined;
}

/** The fields of a client's request, but those that switch the connection. */
export function openingFields(opening: ClientOpening): Field[] {
  const fields: Field[] = [{ name: "sec-websocket-version", value: VERSION }];
  if (opening.key !== undefined) fields.push({ name: "sec-websocket-key", value: opening.key });
  if (opening.protocols.length > 0) {
    fields.push({ name: "sec-websocket-protocol", value: opening.protocols.join(", ") });
  }
  if (opening.deflate !== undefined) {
    fields.push({ name: "sec-websocket-extensions", value: offerDeflate(opening.deflate) });
  }
  return fields;
}

/** What a server's answer means. */
export interface OpeningAnswer {
  /** The subprotocol that it chose; empty for none. */
  readonly protocol: string;
  /** What was agreed on of permessage-deflate; `undefined` where it is not used. */
  readonly deflate: DeflateParameters | undefined;
}

/**
 * Reads a server's answer (RFC 6455 §4.1).
 *
 * @throws {WebSocketError} If it doesn't prove itself, or chooses what was not offered.
 */
export function readAnswer(headers: Headers, opening: ClientOpening): OpeningAnswer {
  if (opening.key !== undefined && headers.get("sec-websocket-accept") !== acceptOf(opening.key)) {
    throw refused("'sec-websocket-accept' must answer the key");
  }
  const protocol = headers.get("sec-websocket-protocol");
  if (protocol !== null && !opening.protocols.includes(protocol)) {
    throw refused(`'sec-websocket-protocol' must be one that was offered: received ${protocol}`);
  }
  const value = headers.get("sec-websocket-extensions");
  if (value === null) return { protocol: protocol ?? "", deflate: undefined };
  const [extension, ...more] = parseExtensions(value) ?? [];
  const { deflate } = opening;
  const agreed = extension === undefined || deflate === undefined ? undefined : agreeDeflate(extension, deflate);
  if (agreed === undefined || more.length > 0) {
    throw refused(`'sec-websocket-extensions' must be what was offered: received ${value}`);
  }
  return { protocol: protocol ?? "", deflate: agreed };
}

function refused(why: string): WebSocketError {
  return new WebSocketError(`Cannot open WebSocket as ${why}`, { closeCode: CloseCode.AbnormalClosure });
}
