/**
 * Owns the registered status codes and their reason phrases (RFC 9110 §15 and the IANA registry); knows no message.
 *
 * @module
 */

/** The reason phrase of each registered status code. */
export const REASON_PHRASES = {
  100: "Continue",
  101: "Switching Protocols",
  102: "Processing",
  103: "Early Hints",
  200: "OK",
  201: "Created",
  202: "Accepted",
  203: "Non-Authoritative Information",
  204: "No Content",
  205: "Reset Content",
  206: "Partial Content",
  207: "Multi-Status",
  208: "Already Reported",
  226: "IM Used",
  300: "Multiple Choices",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  305: "Use Proxy",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  407: "Proxy Authentication Required",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  423: "Locked",
  424: "Failed Dependency",
  425: "Too Early",
  426: "Upgrade Required",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  506: "Variant Also Negotiates",
  507: "Insufficient Storage",
  508: "Loop Detected",
  510: "Not Extended",
  511: "Network Authentication Required",
} as const;

/** A status code with a registered reason phrase. */
export type RegisteredStatus = keyof typeof REASON_PHRASES;

const PHRASES: ReadonlyMap<number, string> = new Map(
  Object.entries(REASON_PHRASES).map(([code, phrase]) => [Number(code), phrase]),
);

/**
 * Gives the reason phrase of a status code, and the empty string for a code that is not registered.
 *
 * @example
 * ```ts
 * import { reasonPhrase } from "@avx/http/fields";
 *
 * console.assert(reasonPhrase(404) === "Not Found");
 * console.assert(reasonPhrase(299) === "");
 * ```
 */
export function reasonPhrase(status: number): string {
  return PHRASES.get(status) ?? "";
}

/** Tells whether a response of this status never has content, whatever its fields say (RFC 9112 §6.3, rule 1). */
export function isContentless(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}
