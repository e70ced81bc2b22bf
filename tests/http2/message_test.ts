/**
 * Owns the proofs of messages (RFC 9113 §8, RFC 8441 §4), header by header: what makes a request, a response or trailers, and
 * what makes them malformed.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { HpackDecoder, HpackEncoder, type HpackField, joinCookies } from "../../hpack/mod.ts";
import { fieldKind, Http2Error, readRequestHead, readResponseHead, readTrailers } from "../../http2/mod.ts";

type Pair = readonly [name: string, value: string];

/** Gives fields of lines `name: value`; a pseudo-field's colon is part of its name. */
function fieldsOf(lines: readonly string[]): HpackField[] {
  return lines.map((line) => {
    const colon = line.indexOf(":", 1);
    return { name: line.slice(0, colon), value: line.slice(colon + 2) };
  });
}

/** Gives fields as they come off the wire, classified. */
function decoded(fields: readonly HpackField[]): HpackField[] {
  const block = new HpackEncoder().encodeBlock(fields);
  return new HpackDecoder({ classify: fieldKind }).decode(block, 0, block.length)!;
}

const pairs = (fields: readonly HpackField[]): Pair[] => fields.map(({ name, value }) => [name, value]);

/** Runs `read` on fields as they are and as they come off the wire: the same both times. */
function bothWays<T>(lines: readonly string[], read: (fields: readonly HpackField[]) => T): T {
  const fields = fieldsOf(lines);
  const outcome = read(fields);
  assertEquals(read(decoded(fields)), outcome);
  return outcome;
}

const GET = [":method: GET", ":scheme: https", ":authority: a.b", ":path: /"];
const OPTIONS = [":method: OPTIONS", ":scheme: https", ":authority: a.b", ":path: *"];
const CONNECT = [":method: CONNECT", ":authority: a.b:443"];
const WEBSOCKET = [":method: CONNECT", ":scheme: https", ":authority: a.b", ":path: /chat", ":protocol: websocket"];

/** Gives a request's head with fields as pairs. */
function head(lines: readonly string[]) {
  return bothWays(lines, (fields) => {
    const { fields: regular, ...rest } = readRequestHead(fields, 1);
    return { ...rest, fields: pairs(regular) };
  });
}

const NOTHING = { protocol: "", contentLength: -1, priority: undefined, expectsContinue: false, fields: [] as Pair[] };
const GOT = { ...NOTHING, method: "GET", scheme: "https", authority: "a.b", path: "/" };

/** Requests that are right: their lines, and what differs from the plain GET. */
const REQUESTS: Readonly<Record<string, readonly [lines: readonly string[], head: Partial<ReturnType<typeof head>>]>> =
  {
    "§8.3.1 the four pseudo-fields": [GET, {}],
    "§8.3.1 pseudo-fields in any order": [[...GET].reverse(), {}],
    "§8.3.1 a method that nobody knows": [[":method: get", ...GET.slice(1)], { method: "get" }],
    "§8.3.1 a scheme in upper case": [[":method: GET", ":scheme: HTTPS", ":authority: a.b", ":path: /"], {}],
    "§8.3.1 a scheme of its own": [[":method: GET", ":scheme: coap", ":path: /"], { scheme: "coap", authority: "" }],
    "§8.3.1 an empty path of another scheme": [
      [":method: GET", ":scheme: urn", ":authority: ", ":path: "],
      { scheme: "urn", authority: "", path: "" },
    ],
    "§8.3.1 a query": [[...GET.slice(0, 3), ":path: /a?b=/?c"], { path: "/a?b=/?c" }],
    "§8.3.1 * of an OPTIONS": [OPTIONS, { method: "OPTIONS", path: "*" }],
    "§8.3.1 the path of an OPTIONS": [[...OPTIONS.slice(0, 3), ":path: /x"], { method: "OPTIONS", path: "/x" }],
    "§8.3.1 Host beside :authority": [[...GET, "host: A.B:443"], { fields: [["host", "A.B:443"]] }],
    "§8.3.1 Host in place of :authority": [
      [":method: GET", ":scheme: https", ":path: /", "host: c:8443"],
      { authority: "c:8443", fields: [["host", "c:8443"]] },
    ],
    "§8.2.1 obs-text, and an empty value": [[...GET, "x: \xe9", "y: "], { fields: [["x", "\xe9"], ["y", ""]] }],
    "§8.2.2 te: trailers": [[...GET, "te: trailers"], { fields: [["te", "trailers"]] }],
    "§8.2.3 one cookie": [[...GET, "cookie: a=1", "x: y"], { fields: [["cookie", "a=1"], ["x", "y"]] }],
    "§8.2.3 empty crumbs, which add nothing": [
      [...GET, "cookie: ", "cookie: a=1", "cookie: ", "cookie: b=2", "cookie: "],
      { fields: [["cookie", "a=1; b=2"]] },
    ],
    "§8.2.3 crumbs of a cookie, put together where the first stood": [
      [...GET, "a: 1", "cookie: a=1", "b: 2", "cookie: b=2", "cookie: c=3"],
      { fields: [["a", "1"], ["cookie", "a=1; b=2; c=3"], ["b", "2"]] },
    ],
    "§8.1.1 a content-length": [
      [...GET, "content-length: 42"],
      { contentLength: 42, fields: [["content-length", "42"]] },
    ],
    "§8.1.1 content-lengths that agree": [
      [...GET, "content-length: 7", "content-length: 07"],
      { contentLength: 7, fields: [["content-length", "7"], ["content-length", "07"]] },
    ],
    "§8.1.1 the largest content-length": [
      [...GET, "content-length: 9007199254740991"],
      { contentLength: 2 ** 53 - 1, fields: [["content-length", "9007199254740991"]] },
    ],
    "RFC 9218 §5 a priority": [[...GET, "priority: u=1, i"], { priority: "u=1, i", fields: [["priority", "u=1, i"]] }],
    "RFC 9218 §5 a priority in two lines": [
      [...GET, "priority: u=1", "priority: i"],
      { priority: "u=1, i", fields: [["priority", "u=1"], ["priority", "i"]] },
    ],
    "RFC 9110 §10.1.1 an expectation": [
      [...GET, "expect: 100-Continue"],
      { expectsContinue: true, fields: [["expect", "100-Continue"]] },
    ],
    "RFC 9110 §10.1.1 an expectation without content": [
      [...GET, "expect: 100-continue", "content-length: 0"],
      { contentLength: 0, fields: [["expect", "100-continue"], ["content-length", "0"]] },
    ],
    "RFC 9110 §10.1.1 no expectation": [[...GET, "expect: "], { fields: [["expect", ""]] }],
    "§8.5 CONNECT": [CONNECT, { method: "CONNECT", scheme: "", authority: "a.b:443", path: "" }],
    "§8.5 CONNECT with a Host": [
      [...CONNECT, "host: A.b:443"],
      { method: "CONNECT", scheme: "", authority: "a.b:443", path: "", fields: [["host", "A.b:443"]] },
    ],
    "RFC 8441 §4 extended CONNECT": [WEBSOCKET, { method: "CONNECT", path: "/chat", protocol: "websocket" }],
  };

for (const [rule, [lines, differences]] of Object.entries(REQUESTS)) {
  Deno.test(`readRequestHead reads ${rule}`, () => assertEquals(head(lines), { ...GOT, ...differences }));
}

/** Gives the message of the error that `read` throws, which must be one of stream 5, and its status. */
function refusal(read: () => unknown): readonly [message: string, status: number] {
  try {
    read();
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
    assertEquals([error.scope, error.code, error.streamId], ["stream", 1, 5]);
    return [error.message, error.status];
  }
  throw new Error("Cannot test refusal as nothing was refused");
}

type Refused = readonly [lines: readonly string[], why: string, status?: number];

/** What no header section behind the pseudo-fields may have; the reading of each kind of message refuses it. */
const MALFORMED_FIELDS: Readonly<Record<string, Refused>> = {
  "§8.2.1 an upper-case name": [["Accept: x"], 'a field name must be a token in lower case: received "Accept"'],
  "§8.3 a colon alone as a name": [[":: x"], 'a pseudo-field must be a known one: received ":"'],
  "§8.2.1 a space in a name": [["a b: x"], 'a field name must be a token in lower case: received "a b"'],
  "§8.2.1 a line break in a name": [["a\r\nb: x"], 'a field name must be a token in lower case: received "a\\r\\nb"'],
  "§8.2.1 NUL in a value": [["a: x\0y"], 'the value of "a" must be one that it can have'],
  "§8.2.1 CRLF in a value": [["a: x\r\nb: c"], 'the value of "a" must be one that it can have'],
  "§8.2.1 a space before a value": [["a:  x"], 'the value of "a" must be one that it can have'],
  "§8.2.1 a tab behind a value": [["accept: x\t"], 'the value of "accept" must be one that it can have'],
  "§8.2.2 connection": [["connection: close"], `no field may be one of a connection's: received "connection"`],
  "§8.2.2 keep-alive": [["keep-alive: 5"], `no field may be one of a connection's: received "keep-alive"`],
  "§8.2.2 proxy-connection": [
    ["proxy-connection: x"],
    `no field may be one of a connection's: received "proxy-connection"`,
  ],
  "§8.2.2 transfer-encoding": [
    ["transfer-encoding: chunked"],
    `no field may be one of a connection's: received "transfer-encoding"`,
  ],
  "§8.2.2 upgrade": [["upgrade: h2c"], `no field may be one of a connection's: received "upgrade"`],
  "§8.2.2 te other than trailers": [["te: gzip"], `no field may be one of a connection's: received "te"`],
  "§8.3 a pseudo-field that isn't known": [[":version: 2"], 'a pseudo-field must be a known one: received ":version"'],
  "§8.3 a pseudo-field of requests behind others": [
    ["a: x", ":path: /b"],
    'a pseudo-field must stand where it belongs: received ":path"',
  ],
  "§8.3 a pseudo-field of responses behind others": [
    ["a: x", ":status: 200"],
    'a pseudo-field must stand where it belongs: received ":status"',
  ],
  "§8.1.1 a content-length with a sign": [
    ["content-length: +1"],
    'the value of "content-length" must be one that it can have',
  ],
};

for (const [rule, [lines, why]] of Object.entries(MALFORMED_FIELDS)) {
  Deno.test(`readRequestHead, readResponseHead and readTrailers refuse ${rule}`, () => {
    const request = [...GET, "b: ok", ...lines];
    const response = [":status: 200", "b: ok", ...lines];
    const read = (fields: readonly HpackField[]) => refusal(() => readRequestHead(fields, 5));
    assertEquals(bothWays(request, read), [`Cannot read request as ${why}`, 400]);
    const readResponse = (fields: readonly HpackField[]) => refusal(() => readResponseHead(fields, 5));
    assertEquals(bothWays(response, readResponse), [`Cannot read response as ${why}`, 400]);
    const readLast = (fields: readonly HpackField[]) => refusal(() => readTrailers(fields, 5));
    assertEquals(bothWays(["b: ok", ...lines], readLast), [`Cannot read trailers as ${why}`, 400]);
  });
}

/** Gives the lines of a request with one replaced, or left out. */
function but(lines: readonly string[], name: string, ...replacement: string[]): string[] {
  return lines.flatMap((line) => line.startsWith(`${name}: `) ? replacement : [line]);
}

/** Requests that are malformed. */
const MALFORMED_REQUESTS: Readonly<Record<string, Refused>> = {
  "§8.3.1 no fields": [[], "it must have a :method"],
  "§8.3.1 no :method": [but(GET, ":method"), "it must have a :method"],
  "§8.3.1 no :scheme": [but(GET, ":scheme"), "it must have a :scheme"],
  "§8.3.1 no :path": [but(GET, ":path"), "it must have a :path"],
  "§8.3.1 two :method": [[...GET, ":method: GET"], "it must have at most one :method"],
  "§8.3.1 two :scheme": [[...GET, ":scheme: https"], "it must have at most one :scheme"],
  "§8.3.1 two :authority": [[...GET, ":authority: a.b"], "it must have at most one :authority"],
  "§8.3.1 two :path": [[...GET, ":path: /"], "it must have at most one :path"],
  "§8.3.1 two :protocol": [[...WEBSOCKET, ":protocol: websocket"], "it must have at most one :protocol"],
  "§8.3 :status": [[...GET, ":status: 200"], 'a pseudo-field must stand where it belongs: received ":status"'],
  "§8.3.1 a :method that is no token": [
    but(GET, ":method", ":method: G T"),
    'the value of ":method" must be one that it can have',
  ],
  "§8.3.1 a :scheme that is none": [
    but(GET, ":scheme", ":scheme: ht/tp"),
    'the value of ":scheme" must be one that it can have',
  ],
  "§8.3.1 a :path without a slash": [
    but(GET, ":path", ":path: a"),
    'the value of ":path" must be one that it can have',
  ],
  "§8.3.1 a :path with a scheme": [
    but(GET, ":path", ":path: https://a.b/"),
    'the value of ":path" must be one that it can have',
  ],
  "§8.3.1 a :path with a fragment": [
    but(GET, ":path", ":path: /a#b"),
    'the value of ":path" must be one that it can have',
  ],
  "§8.3.1 a :path with a request line in it": [
    but(GET, ":path", ":path: /a HTTP/1.1"),
    'the value of ":path" must be one that it can have',
  ],
  "§8.3.1 an empty :path of https": [but(GET, ":path", ":path: "), ":path must not be empty"],
  "§8.3.1 an empty :path of HTTP": [
    but(but(GET, ":path", ":path: "), ":scheme", ":scheme: HTTP"),
    ":path must not be empty",
  ],
  "§8.3.1 * of a GET": [but(GET, ":path", ":path: *"), ":path must be * in an OPTIONS only: received GET"],
  "§8.3.1 userinfo": [
    but(GET, ":authority", ":authority: u@a.b"),
    'the value of ":authority" must be one that it can have',
  ],
  "§8.3.1 an :authority with a path": [
    but(GET, ":authority", ":authority: a.b/c"),
    'the value of ":authority" must be one that it can have',
  ],
  "§8.3.1 Host that differs": [[...GET, "host: c"], "Host must be the same as :authority"],
  "§8.3.1 Host that differs by its port": [[...GET, "host: a.b:80"], "Host must be the same as :authority"],
  "§8.3.1 an empty Host beside :authority": [[...GET, "host: "], "Host must be the same as :authority"],
  "§8.3.1 two Hosts": [[...GET, "host: a.b", "host: a.b"], "it must have at most one host"],
  "§8.3.1 a Host that is none": [[...GET, "host: a/b"], 'the value of "host" must be one that it can have'],
  "RFC 9110 §4.2.1 an empty :authority": [
    but(GET, ":authority", ":authority: "),
    "it must have an :authority or a Host, not empty",
  ],
  "RFC 9110 §4.2.1 neither :authority nor Host": [
    but(GET, ":authority"),
    "it must have an :authority or a Host, not empty",
  ],
  "RFC 9110 §4.2.1 no :authority and an empty Host": [
    [...but(GET, ":authority"), "host: "],
    "it must have an :authority or a Host, not empty",
  ],
  "RFC 9110 §4.2.2 a port alone": [
    but(GET, ":authority", ":authority: :443"),
    'the value of ":authority" must be one that it can have',
  ],
  "§8.5 CONNECT with :path": [[...CONNECT, ":path: /"], "a CONNECT must have no :scheme and no :path"],
  "§8.5 CONNECT with :scheme": [[...CONNECT, ":scheme: https"], "a CONNECT must have no :scheme and no :path"],
  "§8.5 CONNECT without :authority": [
    [":method: CONNECT", "host: a.b:443"],
    "a CONNECT must have an :authority of the form host:port",
  ],
  "§8.5 CONNECT without a port": [
    [":method: CONNECT", ":authority: a.b"],
    "a CONNECT must have an :authority of the form host:port",
  ],
  "§8.5 CONNECT with an empty port": [
    [":method: CONNECT", ":authority: a.b:"],
    "a CONNECT must have an :authority of the form host:port",
  ],
  "§8.5 CONNECT with a Host that differs": [[...CONNECT, "host: a.b"], "Host must be the same as :authority"],
  "RFC 8441 §4 :protocol in a GET": [
    [...GET, ":protocol: websocket"],
    ":protocol must stand in a CONNECT: received GET",
  ],
  "RFC 8441 §4 :protocol without :scheme": [but(WEBSOCKET, ":scheme"), "it must have a :scheme"],
  "RFC 8441 §4 :protocol without :path": [but(WEBSOCKET, ":path"), "it must have a :path"],
  "RFC 8441 §4 :protocol without :authority": [
    but(WEBSOCKET, ":authority"),
    "it must have an :authority or a Host, not empty",
  ],
  "RFC 8441 §4 an empty :protocol": [
    but(WEBSOCKET, ":protocol", ":protocol: "),
    'the value of ":protocol" must be one that it can have',
  ],
  "RFC 8441 §4 * of an extended CONNECT": [
    but(WEBSOCKET, ":path", ":path: *"),
    ":path must be * in an OPTIONS only: received CONNECT",
  ],
  "§8.1.1 content-lengths that differ": [
    [...GET, "content-length: 4", "content-length: 5"],
    "its content-length values must be equal: received 4 and 5",
  ],
  "§8.1.1 content-lengths that differ, 0 first": [
    [...GET, "content-length: 0", "content-length: 5"],
    "its content-length values must be equal: received 0 and 5",
  ],
  "§8.1.1 a list of content-lengths": [
    [...GET, "content-length: 4, 4"],
    'the value of "content-length" must be one that it can have',
  ],
  "§8.1.1 a content-length beyond 2^64": [
    [...GET, "content-length: 18446744073709551620"],
    "content-length must be at most 2^53 - 1: received 18446744073709551620",
    413,
  ],
  "§8.1.1 a content-length of 2^53": [
    [...GET, "content-length: 9007199254740992"],
    "content-length must be at most 2^53 - 1: received 9007199254740992",
    413,
  ],
};

for (const [rule, [lines, why, status = 400]] of Object.entries(MALFORMED_REQUESTS)) {
  Deno.test(`readRequestHead refuses ${rule}`, () => {
    const outcome = bothWays(lines, (fields) => refusal(() => readRequestHead(fields, 5)));
    assertEquals(outcome, [`Cannot read request as ${why}`, status]);
  });
}

Deno.test("readRequestHead refuses an expectation that is not known with 417 (RFC 9110 §10.1.1)", () => {
  const outcome = bothWays([...GET, "expect: 100-continue, x"], (fields) => refusal(() => readRequestHead(fields, 5)));
  assertEquals(outcome, ["Cannot meet Expect as it must be 100-continue", 417]);
});

Deno.test("readRequestHead joins crumbs as joinCookies does, and marks the whole where one is marked (§8.2.3)", () => {
  for (const marks of [[true, false, false], [false, true, false], [false, false, true], [false, false, false]]) {
    const fields = marks.map((sensitive, at): HpackField => ({ name: "cookie", value: `${at}=`, sensitive }));
    const regular = [...fields.slice(0, 1), { name: "z", value: "" }, ...fields.slice(1)];
    const plainly = (fields: readonly HpackField[]) =>
      fields.map(({ name, value, sensitive }) => [name, value, sensitive]);
    const { fields: joined } = readRequestHead([...fieldsOf(GET), ...regular], 1);
    assertEquals(plainly(joined), plainly(joinCookies(regular)));
    assertEquals(joined[0]?.sensitive, marks.includes(true));
  }
});

Deno.test("readRequestHead gives the fields of the table themselves, and marks that they have", () => {
  const fields = decoded([...fieldsOf(GET), { name: "x", value: "y" }, { name: "z", value: "s", sensitive: true }]);
  const { fields: regular } = readRequestHead(fields, 1);
  assertStrictEquals(regular[0], fields[4]);
  assertStrictEquals(regular[1], fields[5]);
  assertEquals(regular.map(({ sensitive }) => sensitive), [false, true]);
});

/** Gives a response's head with fields as pairs. */
function answer(lines: readonly string[]) {
  return bothWays(lines, (fields) => {
    const { fields: regular, ...rest } = readResponseHead(fields, 1);
    return { ...rest, fields: pairs(regular) };
  });
}

Deno.test("readResponseHead reads a final response (§8.3.2)", () => {
  assertEquals(answer([":status: 200"]), { status: 200, contentLength: -1, fields: [] });
  const lines = [":status: 404", "content-length: 5", "set-cookie: a=1", "set-cookie: b=2", "x: y"];
  assertEquals(answer(lines), {
    status: 404,
    contentLength: 5,
    fields: [["content-length", "5"], ["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x", "y"]],
  });
});

Deno.test("readResponseHead reads interim responses, and codes above 599 as a client may get them (§8.1)", () => {
  const statuses = [100, 102, 103, 199, 600, 999];
  assertEquals(statuses.map((status) => answer([`:status: ${status}`]).status), statuses);
});

Deno.test("readResponseHead passes over what only requests mean by a field", () => {
  const lines = [":status: 200", "host: a", "host: b", "expect: x", "te: trailers", "priority: u=1"];
  const expected = lines.slice(1).map((line) => line.split(": "));
  assertEquals(answer(lines), { status: 200, contentLength: -1, fields: expected as [string, string][] });
});

/** Responses that are malformed. */
const MALFORMED_RESPONSES: Readonly<Record<string, Refused>> = {
  "§8.3.2 no fields": [[], "it must begin with :status"],
  "§8.3.2 no :status": [["x: y"], "it must begin with :status"],
  "§8.3 :status behind another field": [["x: y", ":status: 200"], "it must begin with :status"],
  "§8.3.2 two :status": [
    [":status: 200", ":status: 200"],
    'a pseudo-field must stand where it belongs: received ":status"',
  ],
  "§8.3.2 :status of two digits": [[":status: 20"], 'the value of ":status" must be one that it can have'],
  "§8.3.2 :status with a phrase": [[":status: 200 OK"], 'the value of ":status" must be one that it can have'],
  "§8.3 a pseudo-field of requests": [
    [":status: 200", ":path: /"],
    'a pseudo-field must stand where it belongs: received ":path"',
  ],
  "§8.3 a pseudo-field of requests first": [
    [":path: /", ":status: 200"],
    'a pseudo-field must stand where it belongs: received ":path"',
  ],
  "§8.6 101": [[":status: 101"], ":status must not be 101 in HTTP/2"],
  "§8.1.1 content-lengths that differ": [
    [":status: 200", "content-length: 1", "content-length: 2"],
    "its content-length values must be equal: received 1 and 2",
  ],
  "§8.1.1 a content-length of 2^53": [
    [":status: 200", "content-length: 9007199254740992"],
    "content-length must be at most 2^53 - 1: received 9007199254740992",
    413,
  ],
};

for (const [rule, [lines, why, status = 400]] of Object.entries(MALFORMED_RESPONSES)) {
  Deno.test(`readResponseHead refuses ${rule}`, () => {
    const outcome = bothWays(lines, (fields) => refusal(() => readResponseHead(fields, 5)));
    assertEquals(outcome, [`Cannot read response as ${why}`, status]);
  });
}

Deno.test("readTrailers gives the same array where all of its fields may stand in one", () => {
  const fields = fieldsOf(["x-checksum: 1", "grpc-status: 0"]);
  assertStrictEquals(readTrailers(fields, 1), fields);
  assertEquals(readTrailers([], 1), []);
});

Deno.test("readTrailers leaves out what may not stand in a trailer section (RFC 9110 §6.5.1)", () => {
  const lines = ["x: 1", "content-length: 5", "host: a", "te: trailers", "cookie: a=1", "y: 2", "expect: x"];
  assertEquals(bothWays(lines, (fields) => pairs(readTrailers(fields, 1))), [["x", "1"], ["y", "2"]]);
});

Deno.test("readTrailers refuses each pseudo-field, a known one too (§8.1)", () => {
  for (const line of [...WEBSOCKET, ":status: 200"]) {
    const [message] = bothWays(["x: 1", line], (fields) => refusal(() => readTrailers(fields, 5)));
    const shown = JSON.stringify(line.slice(0, line.indexOf(":", 1)));
    assertEquals(message, `Cannot read trailers as a pseudo-field must stand where it belongs: received ${shown}`);
  }
});
