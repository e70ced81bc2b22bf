/**
 * Owns the parsing of media types (RFC 9110 §8.3.1); knows nothing of the content that they describe.
 *
 * @module
 */

import { splitUnquoted, unquote } from "./list.ts";
import { isToken } from "./token.ts";

/** A media type: `type "/" subtype parameters` (RFC 9110 §8.3.1). */
export interface MediaType {
  /** The type and the subtype, in lower case: `text/html`. */
  readonly essence: string;
  /** The parameters, names in lower case, values unquoted; of a repeated name the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Parses a Content-Type value; `undefined` when it is not a media type, so that a caller can treat it as unknown.
 *
 * @example
 * ```ts
 * import { parseContentType } from "@avx/http/fields";
 *
 * const type = parseContentType('Text/HTML; charset="utf-8"');
 * console.assert(type?.essence === "text/html");
 * console.assert(type?.parameters.get("charset") === "utf-8");
 * ```
 */
export function parseContentType(value: string): MediaType | undefined {
  const [essence = "", ...rest] = splitUnquoted(value, 0x3b);
  const slash = essence.indexOf("/");
  if (!isToken(essence.slice(0, Math.max(slash, 0))) || !isToken(essence.slice(slash + 1))) return undefined;
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    if (parameter === "") continue; // parameters = *( OWS ";" OWS [ parameter ] )
    const equals = parameter.indexOf("=");
    const name = parameter.slice(0, Math.max(equals, 0)).toLowerCase();
    const text = parameter.slice(equals + 1);
    const content = isToken(text) ? text : unquote(text);
    if (!isToken(name) || content === undefined) return undefined;
    if (!parameters.has(name)) parameters.set(name, content);
  }
  return { essence: essence.toLowerCase(), parameters };
}
