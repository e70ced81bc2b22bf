import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { DEFAULT_HEAD_LIMITS, Http1Error, RequestHeadParser } from "../../http1/mod.ts";
import { fromLatin1 } from "../vectors.ts";
import { converseOnEverySplit, type Outcome } from "./conversation.ts";

const REQUEST = { role: "request" } as const;

function read(text: string, limits = DEFAULT_HEAD_LIMITS): Outcome {
  return converseOnEverySplit(REQUEST, fromLatin1(text), JSON.stringify(text.slice(0, 60)), limits);
}

/** Reads one whole head of these lines. */
function head(...lines: string[]) {
  const outcome = read(`${lines.join("\r\n")}\r\n\r\n`);
  assertEquals(outcome.reason, "", lines.join(" | "));
  return outcome.messages[0]!;
}

const status = (...lines: string[]) => read(`${lines.join("\r\n")}\r\n\r\n`).error;

Deno.test("RequestHeadParser gives method, target, host and fields, and how many bytes the head took", () => {
  const parser = new RequestHeadParser(DEFAULT_HEAD_LIMITS);
  const bytes = fromLatin1("GET /a?b=c HTTP/1.1\r\nHost: h:80\r\nX-Y:\t v é \r\nx-y:\r\n\r\nGET ");
  const request = parser.read(bytes, 0, bytes.length)!;
  assertEquals(parser.used, bytes.length - 4);
  assertEquals([request.method, request.target, request.host, request.form], ["GET", "/a?b=c", "h:80", "origin"]);
  const fields = [{ name: "host", value: "h:80" }, { name: "x-y", value: "v é" }, { name: "x-y", value: "" }];
  assertEquals(request.fields(), fields);
  assertStrictEquals(request.fields(), request.fields());
  assertEquals(parser.read(bytes, parser.used, bytes.length), undefined);
  assert(parser.started);
});

Deno.test("RequestHeadParser.started is false before a head, and through the empty lines before it", () => {
  const parser = new RequestHeadParser(DEFAULT_HEAD_LIMITS);
  const bytes = fromLatin1("\r\n\r\nG");
  const started = [0, 1, 2, 3, 4, 5].map((end) => {
    parser.read(bytes, 0, end);
    return parser.started;
  });
  assertEquals(started, [false, false, false, false, false, true]);
});

/** Counts how often an octet is looked at while `read` runs. */
function looks(bytes: Uint8Array, read: (bytes: Uint8Array) => void): number {
  let count = 0;
  const get = (target: Uint8Array, key: string | symbol) => {
    if (typeof key === "string" && /^\d/.test(key)) count++;
    const value = Reflect.get(target, key);
    return typeof value === "function" ? value.bind(target) : value;
  };
  read(new Proxy(bytes, { get }));
  return count;
}

Deno.test("RequestHeadParser looks no more often at octets that drip than at a whole head", () => {
  const text = `GET /${"a".repeat(100)}?${"b".repeat(100)} HTTP/1.1\r\nHost: h\r\nX: ${"c".repeat(1000)}\r\n\r\n`;
  const bytes = fromLatin1(text);
  const whole = looks(bytes, (counted) => {
    assert(new RequestHeadParser(DEFAULT_HEAD_LIMITS).read(counted, 0, bytes.length));
  });
  const dripping = looks(bytes, (counted) => {
    const parser = new RequestHeadParser(DEFAULT_HEAD_LIMITS);
    for (let end = 1; end < bytes.length; end++) assertEquals(parser.read(counted, 0, end), undefined);
    assert(parser.read(counted, 0, bytes.length));
  });
  assertEquals(dripping, whole);
  assert(whole < 1.1 * bytes.length, `${whole} looks at ${bytes.length} bytes`);
});

Deno.test("RequestHead.form and host follow the four forms of a target (RFC 9112 §3.2)", () => {
  const forms: [line: string, form: string, host: string | undefined][] = [
    ["GET /a HTTP/1.1", "origin", "h"],
    ["GET //a@b/c HTTP/1.1", "origin", "h"],
    ["GET http://a.b:81/c HTTP/1.1", "absolute", "a.b:81"],
    ["GET HTTPS://[::1]?c HTTP/1.1", "absolute", "[::1]"],
    ["CONNECT a:443 HTTP/1.1", "authority", "a:443"],
    ["OPTIONS * HTTP/1.1", "asterisk", "h"],
  ];
  for (const [line, form, host] of forms) {
    const bytes = fromLatin1(`${line}\r\nHost: h\r\n\r\n`);
    const request = new RequestHeadParser(DEFAULT_HEAD_LIMITS).read(bytes, 0, bytes.length)!;
    assertEquals([request.form, request.host], [form, host], line);
  }
});

Deno.test("RequestHeadParser answers 400 to a target that is no form, or not the method's (RFC 9112 §3.2)", () => {
  for (
    const target of [
      "a",
      "*",
      "?a",
      "a:80",
      "http:/a",
      "http://",
      "http://?a",
      "http://u@a/",
      "http://a:b/",
      "ftp://a/",
      "http://a%zz/",
      "/#a",
      "/\\",
      '/"',
      "/é",
      "/\x7f",
    ]
  ) assertEquals(status(`GET ${target} HTTP/1.1`, "Host: h"), 400, target);
  for (const target of ["/", "*", "a", "a:", ":80", "a:0", "a:65536", "u@a:80", "http://a:80", "[::1:80"]) {
    assertEquals(status(`CONNECT ${target} HTTP/1.1`, "Host: h"), 400, target);
  }
});

Deno.test("RequestHeadParser takes in a path and in a query what browsers leave there", () => {
  for (const target of ["/[a]^b|c", "/?a[]=b|c^`{}\\?/", "/%zz", "/;a,b:@!$&'()*+=~"]) {
    assertEquals(head(`GET ${target} HTTP/1.1`, "Host: h").text, target);
  }
  for (const target of ["/`", "/{", "/a\\b", "/?a#b", '/?"', "/?<"]) {
    assertEquals(status(`GET ${target} HTTP/1.1`, "Host: h"), 400, target);
  }
});

Deno.test("RequestHeadParser keeps any method's case, and answers 501 above 32 bytes (RFC 9112 §3)", () => {
  for (
    const method of [
      "GET",
      "get",
      "GETS",
      "PUT",
      "POST",
      "HEAD",
      "TRACE",
      "PATCH",
      "DELETE",
      "OPTIONS",
      "OPTIONZ",
      "M-SEARCH",
      "!#$%&'*+-.^_`|~9A",
      "M".repeat(32),
    ]
  ) {
    assertEquals(head(`${method} / HTTP/1.1`, "Host: h").start, method);
  }
  const outcome = read("M".repeat(33));
  assertEquals([outcome.error, outcome.messages], [501, []]); // without waiting for the space
});

Deno.test("RequestHeadParser reads a higher minor version as 1, and answers 505 to another major (RFC 9110 §2.5)", () => {
  assertEquals([head("GET / HTTP/1.9", "Host: h").minor, head("GET / HTTP/1.0").minor], [1, 0]);
  assertEquals([status("GET / HTTP/2.0", "Host: h"), status("GET / HTTP/0.9")], [505, 505]);
  assertEquals(read("GET / HTTP/2.0").error, 505);
});

Deno.test("RequestHead.keepAlive follows Connection and the version (RFC 9112 §9.3)", () => {
  const keeps = (version: string, ...connection: string[]) =>
    head(`GET / HTTP/${version}`, "Host: h", ...connection.map((value) => `Connection: ${value}`)).keepAlive;
  assertEquals([
    keeps("1.1"),
    keeps("1.1", "close"),
    keeps("1.1", "a, CLOSE"),
    keeps("1.1", "closed"),
    keeps("1.1", "a", "b,close"),
  ], [true, false, false, true, false]);
  assertEquals([keeps("1.0"), keeps("1.0", "Keep-Alive"), keeps("1.0", "keep-alive, close")], [false, true, false]);
  assertEquals([keeps("1.1", ""), keeps("1.1", ", ,"), keeps("1.1", "c lose")], [true, true, true]);
});

Deno.test("RequestHead.framing follows Transfer-Encoding and Content-Length (RFC 9112 §6.3)", () => {
  const framing = (...fields: string[]) => {
    const { framing, contentLength } = read(
      `POST / HTTP/1.1\r\nHost: h\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`,
    ).messages[0]!;
    return [framing, contentLength];
  };
  assertEquals(framing(), ["none", 0]);
  assertEquals(framing("Content-Length: 0"), ["length", 0]);
  assertEquals(framing("Content-Length: 007"), ["length", 7]);
  assertEquals(framing("Content-Length: 9007199254740991"), ["length", Number.MAX_SAFE_INTEGER]);
  assertEquals(framing("Transfer-Encoding: CHUNKED"), ["chunked", -1]);
});

Deno.test("RequestHeadParser refuses framing that two recipients could read differently (RFC 9112 §6)", () => {
  const post = (...fields: string[]) => status("POST / HTTP/1.1", "Host: h", ...fields);
  assertEquals(post("Content-Length: 1", "Content-Length: 1"), 400);
  assertEquals(post("Content-Length: 9007199254740992"), 413);
  assertEquals(post("Transfer-Encoding: chunked", "Content-Length: 1"), 400);
  assertEquals(post("Content-Length: 1", "Transfer-Encoding: chunked"), 400);
  assertEquals(post("Transfer-Encoding: gzip, chunked"), 501);
  assertEquals(post("Transfer-Encoding: chunked, chunked"), 400);
  assertEquals(post("Transfer-Encoding: chunked", "Transfer-Encoding: gzip"), 400);
  assertEquals(post("Transfer-Encoding: "), 400);
  assertEquals(status("POST / HTTP/1.0", "Transfer-Encoding: chunked"), 400);
});

Deno.test("RequestHead.expectContinue is for HTTP/1.1 with content, and other expectations are answered 417 (RFC 9110 §10.1.1)", () => {
  const expects = (version: string, ...fields: string[]) => {
    const text = [`POST / HTTP/${version}`, "Host: h", ...fields, "", ""].join("\r\n");
    return read(text).messages[0]!.expectContinue;
  };
  assert(expects("1.1", "Expect: 100-Continue", "Content-Length: 1"));
  assert(expects("1.1", "Expect: 100-continue", "Transfer-Encoding: chunked"));
  assert(!expects("1.1", "Expect: 100-continue"));
  assert(!expects("1.1", "Expect: 100-continue", "Content-Length: 0"));
  assert(!expects("1.0", "Expect: 100-continue", "Content-Length: 1"));
  assertEquals(status("POST / HTTP/1.1", "Host: h", "Expect: 100-continue, x"), 417);
});

Deno.test("RequestHead.upgrade wants both fields, and HTTP/1.1 (RFC 9110 §7.8)", () => {
  const upgrades = (version: string, ...fields: string[]) =>
    head(`GET / HTTP/${version}`, "Host: h", ...fields).upgrade;
  assert(upgrades("1.1", "Connection: keep-alive, Upgrade", "Upgrade: websocket"));
  assert(!upgrades("1.1", "Connection: upgrade"));
  assert(!upgrades("1.1", "Upgrade: websocket"));
  assert(!upgrades("1.0", "Connection: upgrade", "Upgrade: websocket"));
});

Deno.test("RequestHeadParser wants one valid Host (RFC 9112 §3.2)", () => {
  assertEquals(status("GET / HTTP/1.1"), 400);
  assertEquals(status("GET http://a/ HTTP/1.1"), 400);
  assertEquals(status("GET / HTTP/1.1", "Host: a", "Host: a"), 400);
  assertEquals(status("GET / HTTP/1.0", "Host: a", "Host: a"), 400);
  assertEquals(head("GET / HTTP/1.1", "Host:").host, undefined); // an empty one is none, so that no URL begins with ///
  assertEquals(head("GET / HTTP/1.0").host, undefined);
});

Deno.test("RequestHeadParser acts on its limits as soon as they are passed", () => {
  const limits = { maxTargetBytes: 10, maxHeadBytes: 64, maxFields: 2 };
  const fill = (text: string) => text + "x".repeat(64 - text.length);
  assertEquals(read("GET /234567890 HTTP/1.1\r\nHost: h\r\n\r\n", limits).error, 0);
  assertEquals(read("GET /2345678901", limits).error, 414);
  assertEquals(read("GET /?345678901", limits).error, 414);
  assertEquals(read("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n", limits).error, 0);
  assertEquals(read("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nC", limits).error, 431);
  assertEquals(read(fill("GET / HTTP/1.1\r\nHost: h\r\nA: "), limits).error, 431); // 64 bytes can't be a whole head
  assertEquals(read(fill("GET / HTTP/1.1\r\nHost: h\r\nA: ").slice(0, 63), limits).error, 0);
  const longest = `${fill("GET / HTTP/1.1\r\nHost: h\r\nA: ").slice(0, 60)}\r\n\r\n`;
  assertEquals([longest.length, read(longest, limits).error], [64, 0]);
  assertEquals(read("\r\n".repeat(32), limits).error, 431); // empty lines count
});

Deno.test("RequestHeadParser throws Http1Error of connection scope", () => {
  const bytes = fromLatin1("GET\t/");
  const error = assertThrows(
    () => new RequestHeadParser(DEFAULT_HEAD_LIMITS).read(bytes, 0, bytes.length),
    Http1Error,
    "Cannot read method",
  );
  assertEquals([error.scope, error.status, error.name], ["connection", 400, "Http1Error"]);
});

Deno.test("RequestHeadParser refuses each framing fault at its own line's end, without waiting for more", () => {
  for (const field of ["Content-Length: x", "Transfer-Encoding: x", "Host: a b", "Expect: x"]) {
    assert(read(`POST / HTTP/1.1\r\n${field}\r\n`).error >= 400, field);
  }
});

Deno.test("RequestHeadParser takes a field line only as token, colon, value and CRLF (RFC 9112 §5)", () => {
  for (
    const line of [": a", "a", "a b: c", "a : b", " a: b", "\ta: b", "a\0: b", "a: \0", "a: b\rc", "é: a", "a(: b"]
  ) {
    assertEquals(status("GET / HTTP/1.1", line, "Host: h"), 400, line);
    assertEquals(status("GET / HTTP/1.1", "Host: h", line), 400, line);
  }
  for (const end of ["\n", "\r", "\r\r\n", "\n\r\n", "\r\n b\r\n"]) {
    assertEquals(read(`GET / HTTP/1.1\r\nHost: h\r\nA: b${end}C: d\r\n\r\n`).error, 400, JSON.stringify(end));
  }
});
