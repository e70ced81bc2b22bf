/**
 * Owns how tests of the examples ask by hand and read the answer: heads, content, trailers, as they stood on the wire.
 * Knows nothing of the examples.
 *
 * @module
 */

/** One message head. */
export interface Head {
  /** The status. */
  readonly status: number;
  /** The fields. */
  readonly headers: Headers;
}

/** An answer, taken apart. */
export interface Answer extends Head {
  /** The interim responses that came before. */
  readonly interim: readonly Head[];
  /** The content, without its transfer coding. */
  readonly body: string;
  /** The trailer section. */
  readonly trailers: Headers;
}

/** What to ask. */
export interface Question {
  /** The request's fields, beside `host` and `connection: close`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The content, which gets a `content-length`. */
  readonly body?: string;
  /** Sent as it stands behind the head instead of `body`. */
  readonly raw?: string;
}

/** A request's octets; the server closes after its answer. */
export function requestText(method: string, target: string, { headers = {}, body, raw }: Question = {}): string {
  const fields = { host: "showcase.test", connection: "close", ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  if (body !== undefined) lines.push(`content-length: ${new TextEncoder().encode(body).length}`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${raw ?? body ?? ""}`;
}

/** Takes apart all that a server sent in answer to one request, in ASCII. */
export function parseAnswer(text: string): Answer {
  const interim: Head[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) {
      throw new SyntaxError(`Cannot parse answer as its head does not end: received ${JSON.stringify(text)}`);
    }
    const head = parseHead(rest.slice(0, end));
    rest = rest.slice(end + 4);
    if (head.status >= 200) return { ...head, interim, ...parseContent(head, rest) };
    interim.push(head);
  }
}

function parseHead(text: string): Head {
  const [start = "", ...lines] = text.split("\r\n");
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(start) ?? [];
  if (status === undefined) throw new SyntaxError(`Cannot parse status line: received ${JSON.stringify(start)}`);
  return { status: Number(status), headers: parseFields(lines) };
}

function parseFields(lines: readonly string[]): Headers {
  return new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)];
  }));
}

function parseContent({ headers }: Head, text: string): { body: string; trailers: Headers } {
  if (headers.get("transfer-encoding") !== "chunked") return { body: text, trailers: new Headers() };
  let body = "";
  let at = 0;
  for (;;) {
    const line = text.indexOf("\r\n", at);
    const size = parseInt(text.slice(at, line), 16);
    at = line + 2;
    if (size === 0) break;
    body += text.slice(at, at + size);
    if (text.slice(at + size, at + size + 2) !== "\r\n") throw new SyntaxError("Cannot parse chunk as it has no end");
    at += size + 2;
  }
  const end = text.indexOf("\r\n\r\n", at - 2);
  if (end + 4 !== text.length) throw new SyntaxError("Cannot parse chunked content as it does not end with the answer");
  return { body, trailers: parseFields(end < at ? [] : text.slice(at, end).split("\r\n")) };
}
