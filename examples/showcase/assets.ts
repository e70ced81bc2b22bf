/**
 * Owns the files that the page is made of and answers with them, from memory; knows nothing of what they do.
 *
 * @module
 */

import { createHash } from "node:crypto";
import chartStyle from "npm:uplot@1.6.32/dist/uPlot.min.css" with { type: "text" };
import chartScript from "npm:uplot@1.6.32/dist/uPlot.iife.min.js" with { type: "text" };
import chatPage from "./page/chat.html" with { type: "text" };
import chatLook from "./page/chat.css" with { type: "text" };
import chatTalk from "./page/chat.js" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import pageScript from "./page/page.js" with { type: "text" };
import pageStyle from "./page/page.css" with { type: "text" };
import themeScript from "./page/theme.js" with { type: "text" };

/** A file in memory. */
class Asset {
  readonly #text: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #etag: string;

  constructor(type: string, text: string, more: Readonly<Record<string, string>> = {}) {
    this.#text = text;
    this.#etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"`;
    this.#headers = {
      "content-type": type,
      etag: this.#etag,
      "cache-control": "no-cache", // kept, but asked about each time: a newer program has newer files
      "x-content-type-options": "nosniff",
      ...more,
    };
  }

  /** The file, or 304 where the request shows that the client has it (RFC 9110 §13.1.2). */
  answer(request: Request): Response {
    const known = request.headers.get("if-none-match")?.split(",").some((tag) => {
      const opaque = tag.trim().replace(/^W\//, "");
      return opaque === this.#etag || opaque === "*";
    });
    if (known) return new Response(null, { status: 304, headers: this.#headers });
    return new Response(this.#text, { headers: this.#headers });
  }
}

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

const PAGE = "text/html; charset=utf-8";

/** What the chat's page may load and connect to. */
const CHAT_POLICY = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

const ASSETS: ReadonlyMap<string, Asset> = new Map([
  ["/chart.css", new Asset(STYLE, chartStyle)],
  ["/chart.js", new Asset(SCRIPT, chartScript)],
  ["/chat", new Asset(PAGE, chatPage, CHAT_POLICY)],
  ["/chat.css", new Asset(STYLE, chatLook)],
  ["/chat.js", new Asset(SCRIPT, chatTalk)],
  ["/icon.svg", new Asset("image/svg+xml", icon)],
  ["/page.css", new Asset(STYLE, pageStyle)],
  ["/page.js", new Asset(SCRIPT, pageScript)],
  ["/theme.js", new Asset(SCRIPT, themeScript)],
]);

/** The answer with the file at `path`, or `undefined` where there is none. */
export function assetAt(path: string, request: Request): Response | undefined {
  return ASSETS.get(path)?.answer(request);
}
