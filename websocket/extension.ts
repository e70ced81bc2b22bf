/**
 * Owns `Sec-WebSocket-Extensions` (RFC 6455 §9.1) and the negotiation of permessage-deflate (RFC 7692 §7.1) for both
 * ends; compresses nothing.
 *
 * @module
 */

import { splitUnquoted, unquote } from "../http/fields/list.ts";
import { isToken } from "../http/fields/token.ts";

/** One element of the field: an extension's name and its parameters, in order; `true` stands for no value. */
export interface Extension {
  /** The name, as it was written. */
  readonly name: string;
  /** The parameters; one that is there twice stands here twice. */
  readonly parameters: readonly (readonly [name: string, value: string | true])[];
}

/** What both ends agreed on (RFC 7692 §7.1). */
export interface DeflateParameters {
  /** Whether the server compresses each message on its own. */
  readonly serverNoContextTakeover: boolean;
  /** Whether the client compresses each message on its own. */
  readonly clientNoContextTakeover: boolean;
  /** The logarithm to the base 2 of the window that the server compresses with, 8 to 15. */
  readonly serverMaxWindowBits: number;
  /** The logarithm to the base 2 of the window that the client compresses with, 8 to 15. */
  readonly clientMaxWindowBits: number;
}

/** What one end wants of permessage-deflate; each is optional. */
export type DeflateWishes = Partial<DeflateParameters>;

const NAME = "permessage-deflate";

/** No limit on a window: DEFLATE has no larger one. */
const MAX_WINDOW_BITS = 15;

/**
 * Reads the field's value; `undefined` where it is malformed. Empty elements are dropped (RFC 9110 §5.6.1.2).
 *
 * @example
 * ```ts
 * import { parseExtensions } from "@avx/http/websocket";
 *
 * console.log(parseExtensions("permessage-deflate; client_max_window_bits"));
 * // [{ name: "permessage-deflate", parameters: [["client_max_window_bits", true]] }]
 * ```
 */
export function parseExtensions(value: string): Extension[] | undefined {
  const extensions: Extension[] = [];
  for (const element of splitUnquoted(value, 0x2c).filter((element) => element !== "")) {
    const [name = "", ...rest] = splitUnquoted(element, 0x3b);
    const parameters = rest.map(parseParameter);
    if (!isToken(name) || !parameters.every((parameter) => parameter !== undefined)) return undefined;
    extensions.push({ name, parameters });
  }
  return extensions.length === 0 ? undefined : extensions;
}

/** `token [ "=" ( token / quoted-string ) ]`, where what is quoted is a token too. */
function parseParameter(text: string): readonly [string, string | true] | undefined {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  if (!isToken(name)) return undefined;
  if (equals < 0) return [name, true];
  const given = text.slice(equals + 1);
  const value = given.startsWith('"') ? unquote(given) : given;
  return value === undefined || !isToken(value) ? undefined : [name, value];
}

/** The parameters of permessage-deflate as one element has them. */
interface Asked {
  serverNoContextTakeover: boolean;
  clientNoContextTakeover: boolean;
  serverMaxWindowBits: number | undefined;
  /** `true` where an offer says only that the client can be told. */
  clientMaxWindowBits: number | true | undefined;
}

/** Reads an element's parameters; `undefined` where one is unknown, there twice, or has a value that it can't have. */
function readParameters(extension: Extension): Asked | undefined {
  const asked: Asked = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: undefined,
    clientMaxWindowBits: undefined,
  };
  const names = extension.parameters.map(([name]) => name.toLowerCase());
  if (new Set(names).size < names.length) return undefined;
  for (const [index, [, value]] of extension.parameters.entries()) {
    const bits = value === true ? undefined : windowBits(value);
    const name = names[index];
    if (name === "server_no_context_takeover" && value === true) asked.serverNoContextTakeover = true;
    else if (name === "client_no_context_takeover" && value === true) asked.clientNoContextTakeover = true;
    else if (name === "server_max_window_bits" && bits !== undefined) asked.serverMaxWindowBits = bits;
    else if (name === "client_max_window_bits" && value === true) asked.clientMaxWindowBits = true;
    else if (name === "client_max_window_bits" && bits !== undefined) asked.clientMaxWindowBits = bits;
    else return undefined;
  }
  return asked;
}

/** A decimal 8 to 15 without leading zeros (RFC 7692 §7.1.2.1). */
function windowBits(value: string): number | undefined {
  return /^(?:[89]|1[0-5])$/.test(value) ? Number(value) : undefined;
}

/** What a server answers, and what that means. */
export interface AgreedDeflate {
  /** The value of the field in the server's response. */
  readonly field: string;
  /** What both ends agreed on. */
  readonly parameters: DeflateParameters;
}

/** Chooses the first offer that the server can take (RFC 7692 §5); `undefined` where there is none. */
export function acceptDeflate(offers: readonly Extension[], wishes: DeflateWishes): AgreedDeflate | undefined {
  for (const offer of offers) {
    const asked = offer.name.toLowerCase() === NAME ? readParameters(offer) : undefined;
    if (asked === undefined) continue;
    const parameters: DeflateParameters = {
      serverNoContextTakeover: asked.serverNoContextTakeover || wishes.serverNoContextTakeover === true,
      clientNoContextTakeover: asked.clientNoContextTakeover || wishes.clientNoContextTakeover === true,
      serverMaxWindowBits: least(asked.serverMaxWindowBits, wishes.serverMaxWindowBits),
      // RFC 7692 §7.1.2.2: only a client that says so can be told how large its window may be.
      clientMaxWindowBits: asked.clientMaxWindowBits === undefined
        ? MAX_WINDOW_BITS
        : least(asked.clientMaxWindowBits === true ? undefined : asked.clientMaxWindowBits, wishes.clientMaxWindowBits),
    };
    // RFC 7692 §7.1.2.1: who asks for a window is answered, whatever it is.
    const field = writeDeflate(parameters, { answersWindow: asked.serverMaxWindowBits !== undefined });
    return { parameters, field };
  }
  return undefined;
}

function least(...bits: readonly (number | undefined)[]): number {
  return Math.min(MAX_WINDOW_BITS, ...bits.filter((one) => one !== undefined));
}

/** Writes an element; what is as without it is left out. */
function writeDeflate(
  parameters: DeflateWishes,
  { answersWindow = false, offer = "" }: { readonly answersWindow?: boolean; readonly offer?: string },
): string {
  const { serverMaxWindowBits = MAX_WINDOW_BITS, clientMaxWindowBits = MAX_WINDOW_BITS } = parameters;
  let text = NAME;
  if (parameters.serverNoContextTakeover) text += "; server_no_context_takeover";
  if (parameters.clientNoContextTakeover) text += "; client_no_context_takeover";
  if (answersWindow || serverMaxWindowBits < MAX_WINDOW_BITS) text += `; server_max_window_bits=${serverMaxWindowBits}`;
  return clientMaxWindowBits < MAX_WINDOW_BITS
    ? `${text}; client_max_window_bits=${clientMaxWindowBits}`
    : text + offer;
}

/** What a client offers: that it can be told its window's size, and what it wants. */
export function offerDeflate(wishes: DeflateWishes): string {
  return writeDeflate(wishes, { offer: "; client_max_window_bits" });
}

/**
 * What the server's response means to a client that has offered `wishes`; `undefined` where it answers what was not
 * offered, in which case the client fails the connection (RFC 7692 §5).
 */
export function agreeDeflate(answer: Extension, wishes: DeflateWishes): DeflateParameters | undefined {
  const told = answer.name.toLowerCase() === NAME ? readParameters(answer) : undefined;
  if (told === undefined || told.clientMaxWindowBits === true) return undefined;
  // RFC 7692 §7.1.1.1 and §7.1.2.1: what the client asks of the server has to be in the answer.
  if (wishes.serverNoContextTakeover && !told.serverNoContextTakeover) return undefined;
  const serverMaxWindowBits = told.serverMaxWindowBits ?? MAX_WINDOW_BITS;
  if (serverMaxWindowBits > (wishes.serverMaxWindowBits ?? MAX_WINDOW_BITS)) return undefined;
  const clientMaxWindowBits = told.clientMaxWindowBits ?? MAX_WINDOW_BITS;
  return {
    serverNoContextTakeover: told.serverNoContextTakeover,
    clientNoContextTakeover: told.clientNoContextTakeover || wishes.clientNoContextTakeover === true,
    serverMaxWindowBits,
    clientMaxWindowBits: least(clientMaxWindowBits, wishes.clientMaxWindowBits),
  };
}
