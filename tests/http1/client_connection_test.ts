import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { ClientConnection } from "../../http1/client_connection.ts";
import type { ClientRequest } from "../../http1/client_phases.ts";
import { fromLatin1 } from "../vectors.ts";
import { collect, connection, exchange, exchangeOnEverySplit, noOutcome, request, send } from "./client_exchange.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/** Gives the core some text to read; what it says of it, by the kinds of its events. */
function receive(core: ClientConnection, text: string, now = 1): string[] {
  const bytes = fromLatin1(text);
  core.receive(bytes, 0, bytes.length, now);
  return core.events.splice(0).map(({ type }) => type);
}

/** A core that has sent a request. */
function asked(made: ClientRequest = request(), core = connection()): ClientConnection {
  core.request(made, null, 0);
  send(core);
  return core;
}

Deno.test("ClientConnection.request() puts head and content next to each other", () => {
  const core = connection();
  core.request(request("POST", { contentLength: 2 }), fromLatin1("hi"), 0);
  const view = core.takeOutput(0)!;
  assertEquals(String.fromCharCode(...view), "POST / HTTP/1.1\r\nhost: a\r\n\r\nhi");
  assertEquals([core.sendPhase, core.readPhase, core.handed, core.reused], ["sent", "head", true, false]);
});

Deno.test("ClientConnection.request() refuses a second one while the first is under way, or the end has come", () => {
  const core = asked();
  assertThrows(() => core.request(request(), null, 0), TypeError, "must be idle: received head");
  core.close();
  assertThrows(() => core.request(request(), null, 0), TypeError, "must be idle: received closed");
});

Deno.test("ClientConnection carries one request after another, and tells a first use from later ones", () => {
  const core = connection();
  for (let count = 0; count < 3; count++) {
    core.request(request(), null, 0);
    send(core);
    assertEquals(core.reused, count > 0);
    assert(!core.received);
    assertEquals(receive(core, OK), ["head", "data", "end"]);
    assertEquals([core.readPhase, core.sendPhase, core.received], ["idle", "idle", true]);
  }
});

Deno.test("ClientConnection frames responses by method, status and fields on every split (RFC 9112 §6.3)", () => {
  const rows: [string, string, string, string][] = [
    // method, answer, what was read, what the connection is then
    ["GET", OK, "200 hello end", "idle"],
    ["GET", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "200  end", "idle"],
    ["GET", "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n", "204  end", "idle"],
    ["GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", "304  end", "idle"],
    ["HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "200  end", "idle"],
    ["HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "200  end", "idle"],
    [
      "GET",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
      "200 hello end",
      "idle",
    ],
    ["GET", "HTTP/1.1 200 OK\r\n\r\nhello", "200 hello end", "closed"],
    ["GET", "HTTP/1.0 200 OK\r\n\r\nhello", "200 hello end", "closed"],
    ["GET", "HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello", "200 hello end", "closed"],
    ["GET", "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello", "200 hello end", "idle"],
    ["GET", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello", "200 hello end", "closed"],
    ["GET", "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello", "200 hello lost", "closed"],
    ["GET", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "200 hello lost", "closed"],
    ["GET", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhellox", "200 hello error", "closed"],
    ["GET", "HTTP/1.1 200 OK\r\ncontent-le", "0  lost", "closed"],
    ["GET", "", "0  lost", "closed"],
    ["GET", "HTTP/1.1 101 Switching Protocols\r\nupgrade: a\r\nconnection: upgrade\r\n\r\n", "0  error", "closed"],
    ["GET", "HTTP/2 200\r\n\r\n", "0  error", "closed"],
    ["CONNECT", "HTTP/1.1 407 No\r\ncontent-length: 2\r\n\r\nno", "407 no end", "idle"],
    ["CONNECT", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nraw", "200  head", "switched"],
  ];
  for (const [method, answer, expected, phase] of rows) {
    const closes = phase !== "idle";
    const outcome = exchangeOnEverySplit(fromLatin1(answer), request(method), closes, answer);
    assertEquals([`${outcome.status} ${outcome.body} ${outcome.last}`, outcome.phase], [expected, phase], answer);
  }
});

Deno.test("ClientConnection lets go of a connection whose request said close, though the answer doesn't", () => {
  const core = asked(request("GET", { closes: true }));
  assertEquals(receive(core, OK), ["head", "data", "end"]);
  assertEquals(core.readPhase, "closed");
});

Deno.test("ClientConnection gives trailers, and drops those that may not be (RFC 9110 §6.5.1)", () => {
  const answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-a: b\r\ncontent-length: 9\r\n\r\n";
  const outcome = exchangeOnEverySplit(fromLatin1(answer), request(), false);
  assertEquals([outcome.trailers, outcome.phase], [[{ name: "x-a", value: "b" }], "idle"]);
});

Deno.test("ClientConnection passes interim responses on, up to a limit (RFC 9110 §15.2)", () => {
  const interim = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 199 \r\n\r\n";
  const outcome = exchangeOnEverySplit(fromLatin1(interim + OK), request(), false);
  assertEquals([outcome.interims, outcome.status, outcome.last], [[103, 199], 200, "end"]);
  const core = asked(request(), connection({ limits: { maxInformational: 1 } }));
  assertEquals(receive(core, interim + OK), ["informational", "error"]);
  assertEquals(core.readPhase, "closed");
});

Deno.test("ClientConnection switches only to a protocol that was offered (RFC 9110 §7.8)", () => {
  const answer = (protocol: string) => `HTTP/1.1 101 \r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\nraw octets`;
  const offer = request("GET", { protocols: ["websocket", "foo/2"] });
  for (const protocol of ["websocket", "WebSocket", "foo/2"]) {
    const outcome = exchangeOnEverySplit(fromLatin1(answer(protocol)), offer, true);
    assertEquals([outcome.status, outcome.phase, outcome.body], [101, "switched", ""], protocol);
  }
  assertEquals(exchangeOnEverySplit(fromLatin1(answer("bar")), offer, true).last, "error");
  assertEquals(exchangeOnEverySplit(fromLatin1(answer("websocket, bar")), offer, true).last, "error");
  const core = asked(offer);
  const bytes = fromLatin1(answer("websocket"));
  assertEquals(core.receive(bytes, 0, bytes.length, 1), bytes.length - "raw octets".length);
});

Deno.test("ClientConnection ends on octets that nobody asked for (RFC 9112 §9.2)", () => {
  const fresh = connection();
  assertEquals([receive(fresh, "H"), fresh.readPhase], [[], "closed"]);
  const used = asked();
  assertEquals(receive(used, `${OK}HTTP/1.1 200 OK\r\n`), ["head", "data", "end"]);
  assertEquals(used.readPhase, "closed");
  const early = connection();
  early.request(request(), null, 0); // nothing of it has left
  assertEquals([receive(early, OK), early.readPhase], [["error"], "closed"]);
});

Deno.test("ClientConnection sends content as it comes, chunked or of a length", () => {
  const core = connection();
  core.request(request("PUT", { contentLength: -1 }), null, 0);
  core.write(fromLatin1("hello"));
  core.write(new Uint8Array(0));
  core.end([{ name: "x-a", value: "b" }], 0);
  assertEquals(send(core), "PUT / HTTP/1.1\r\nhost: a\r\n\r\n5\r\nhello\r\n0\r\nx-a: b\r\n\r\n");
  const short = connection();
  short.request(request("PUT", { contentLength: 3 }), null, 0);
  short.write(fromLatin1("he"));
  assertThrows(() => short.write(fromLatin1("llo")), RangeError, "2 bytes more");
  assertThrows(() => short.end([], 0), RangeError, "1 bytes are missing");
  short.write(fromLatin1("l"));
  short.end([], 0);
  assertEquals([send(short), short.sendPhase], ["PUT / HTTP/1.1\r\nhost: a\r\n\r\nhel", "sent"]);
  assertThrows(() => short.write(fromLatin1("p")), TypeError, "must not be sent");
});

Deno.test("ClientConnection holds content back for a 100, at most for its deadline (RFC 9110 §10.1.1)", () => {
  const expecting = request("PUT", { contentLength: 2, expectsContinue: true });
  const told = asked(expecting);
  assertEquals([told.sendPhase, told.deadline], ["expecting", 1_000]);
  assertThrows(() => told.write(fromLatin1("hi")), TypeError, "must not be expecting");
  assertEquals([receive(told, "HTTP/1.1 100 Continue\r\n\r\n"), told.sendPhase], [
    ["informational", "continue"],
    "content",
  ]);
  told.write(fromLatin1("hi"));
  told.end([], 2);
  assertEquals([send(told), receive(told, OK), told.readPhase], ["hi", ["head", "data", "end"], "idle"]);

  const untold = asked(expecting);
  untold.expire(999);
  assertEquals(untold.events, []);
  untold.expire(1_000);
  assertEquals([untold.events[0]?.type, untold.sendPhase], ["continue", "content"]);

  const refused = asked(expecting);
  assertEquals(receive(refused, "HTTP/1.1 417 No\r\ncontent-length: 0\r\n\r\n"), ["head", "end"]);
  assertEquals(
    [refused.sendPhase, refused.readPhase],
    ["stopped", "closed"],
    "what follows can't be told from content",
  );
  refused.write(fromLatin1("hi")); // dropped
  assertEquals(send(refused), "");
});

Deno.test("ClientConnection stops sending where an error ends the connection (RFC 9112 §9.5), and only there", () => {
  const upload = () => asked(request("PUT", { contentLength: -1 }));
  const refused = upload();
  receive(refused, "HTTP/1.1 413 No\r\nconnection: close\r\ncontent-length: 2\r\n\r\n");
  assertEquals([refused.sendPhase, refused.readPhase], ["stopped", "content"]);
  assertEquals([receive(refused, "no"), refused.readPhase], [["data", "end"], "closed"]);
  const duplex = upload();
  receive(duplex, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\necho");
  assertEquals(duplex.sendPhase, "content");
  const early = upload();
  assertEquals(receive(early, OK), ["head", "data", "end"]);
  assertEquals([early.readPhase, early.sendPhase], ["closed", "stopped"], "an answer before the request's end");
});

Deno.test("ClientConnection waits for the request's last octets before it is used again", () => {
  const core = connection();
  core.request(request("PUT", { contentLength: 5 }), fromLatin1("hello"), 0);
  const view = core.takeOutput(0)!;
  assertEquals([receive(core, OK), core.readPhase], [["head", "data", "end"], "settling"]);
  core.sent(view.length, 1);
  assertEquals(core.readPhase, "idle");
});

Deno.test("ClientConnection reads the answer to a request that it could not send whole (RFC 9112 §9.5)", () => {
  const core = connection();
  core.request(request("PUT", { contentLength: -1 }), null, 0);
  send(core);
  core.write(fromLatin1("hello"));
  core.takeOutput(0);
  core.writeFailed(1);
  assertEquals([core.sendPhase, core.readPhase, core.handed], ["stopped", "head", true]);
  assertEquals([receive(core, OK), core.readPhase], [["head", "data", "end"], "closed"]);

  const unsent = connection();
  unsent.request(request(), null, 0);
  unsent.takeOutput(0);
  unsent.writeFailed(1);
  assertEquals(unsent.handed, false, "the transport took nothing");
  unsent.receiveEnd(1);
  assertEquals(unsent.events.map(({ type }) => type), ["lost"]);
});

Deno.test("ClientConnection.expire() names what was late, and ends the connection", () => {
  const rows: [string, number, (core: ClientConnection) => void][] = [
    ["head", 300_000, () => {}],
    ["body", 300_001, (core) => receive(core, "HTTP/1.1 200 OK\r\n\r\na")],
    ["unread", 300_005, (core) => {
      receive(core, "HTTP/1.1 200 OK\r\n\r\na");
      core.paused(5);
    }],
  ];
  for (const [phase, deadline, prepare] of rows) {
    const core = asked();
    prepare(core);
    assertEquals(core.deadline, deadline, phase);
    core.expire(deadline - 1);
    assertEquals(core.events.length, 0, phase);
    core.expire(deadline);
    const late = core.events[0];
    assertEquals([late?.type, late?.type === "late" && late.phase, core.readPhase], ["late", phase, "closed"]);
    assertEquals(core.deadline, Infinity);
  }
  const upload = connection();
  upload.request(request("PUT", { contentLength: 5 }), fromLatin1("hello"), 0);
  const view = upload.takeOutput(0)!;
  assertEquals(upload.deadline, 60_000, "while it is sent, the sending only");
  upload.sent(view.length, 50_000);
  assertEquals(upload.deadline, 350_000);
  const stalled = connection();
  stalled.request(request(), null, 0);
  stalled.takeOutput(10);
  stalled.sent(1, 20);
  assertEquals(stalled.deadline, 60_020);
  stalled.expire(60_020);
  assertEquals(stalled.events, [{ type: "late", phase: "write", limit: 60_000 }]);
});

Deno.test("ClientConnection ends without a word when it was idle for too long, or for as long as the peer keeps it", () => {
  const core = asked();
  receive(core, OK, 100);
  assertEquals(core.deadline, 50_100);
  core.keptFor(4_000);
  assertEquals(core.deadline, 4_100);
  core.expire(4_100);
  assertEquals([core.events, core.readPhase], [[], "closed"]);
});

Deno.test("ClientConnection counts the reader's pauses apart from the peer's", () => {
  const core = asked(request(), connection({ timeouts: { body: 10, unread: 1_000 } }));
  receive(core, "HTTP/1.1 200 OK\r\n\r\na", 1);
  core.paused(2);
  assertEquals(core.deadline, 1_002);
  core.paused(500); // the same pause
  assertEquals(core.deadline, 1_002);
  core.resumed(600);
  assertEquals(core.deadline, 610);
});

Deno.test("ClientConnection.discard() reads what little is left, and ends the connection otherwise", () => {
  const answers: [string, string][] = [
    ["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", "content"],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "content"],
    ["HTTP/1.1 200 OK\r\ncontent-length: 65537\r\n\r\n", "closed"],
    ["HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\n", "closed"],
    ["HTTP/1.1 200 OK\r\n\r\n", "closed"],
  ];
  for (const [answer, phase] of answers) {
    const core = asked();
    receive(core, answer);
    core.discard(1);
    assertEquals(core.readPhase, phase, answer);
  }
  const core = asked();
  receive(core, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  core.discard(1);
  assertEquals([receive(core, "5\r\nhello\r\n0\r\n\r\n"), core.readPhase], [[], "idle"], "nobody is told of it");
  const slow = asked();
  receive(slow, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n");
  slow.discard(1);
  slow.expire(2_001);
  assertEquals([slow.events, slow.readPhase], [[], "closed"]);
  const much = asked(request(), connection({ limits: { drainBytes: 4 } }));
  receive(much, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  much.discard(1);
  assertEquals([receive(much, "5\r\nhello\r\n"), much.readPhase], [[], "closed"]);
});

Deno.test("ClientConnection shows what the peer has seen of a request that is lost", () => {
  const core = connection();
  core.request(request(), null, 0);
  assertEquals([core.handed, core.received], [false, false]);
  send(core);
  assertEquals([core.handed, core.received], [true, false]);
  receive(core, "H");
  assertEquals([core.handed, core.received], [true, true]);
});

/** What the caller is to see when the peer dies after `length` octets of an answer. */
Deno.test("ClientConnection gives no clean end to an answer that died before its last octet, at any octet", () => {
  const heads = "HTTP/1.1 103 \r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n";
  const answers = [
    `${heads}content-length: 5\r\n\r\nhello`,
    `${heads}transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\nx-a: b\r\n\r\n`,
  ];
  for (const answer of answers) {
    const headEnd = answer.indexOf("\r\n\r\n", heads.length) + 4;
    for (let length = 0; length <= answer.length; length++) {
      const outcome = exchange([fromLatin1(answer.slice(0, length))], request(), true);
      const expected = length < headEnd ? [0, "lost"] : length < answer.length ? [200, "lost"] : [200, "end"];
      assertEquals([outcome.status, outcome.last], expected, `after ${length} of ${JSON.stringify(answer)}`);
      assert("hello".startsWith(outcome.body));
    }
  }
});

Deno.test("ClientConnection comes to the same however any octets are cut, and never throws for them", () => {
  const pieces = [
    "HTTP/1.1 ",
    "200 OK",
    "100 ",
    "101 ",
    "\r\n",
    "\r\n\r\n",
    "content-length: 3",
    "transfer-encoding: chunked",
    "connection: close",
    "upgrade: a",
    "3\r\nabc\r\n",
    "0\r\n\r\n",
    "abc",
    "\n",
    "\0",
    ":",
    " ",
  ];
  const answers = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: "binary-ascii", maxLength: 4 })), {
    maxLength: 12,
  });
  const methods = fc.constantFrom("GET", "HEAD", "CONNECT");
  fc.assert(
    fc.property(answers, methods, fc.boolean(), (parts, method, isWhole) => {
      const text = isWhole ? `HTTP/1.1 200 OK\r\n${parts.join("")}` : parts.join("");
      exchangeOnEverySplit(fromLatin1(text), request(method, { protocols: ["a"] }), true, JSON.stringify(text));
    }),
    { numRuns: 150 },
  );
});

Deno.test("collect() sees every event of a core that fails late", () => { // the tests' own tool
  const core = asked();
  const outcome = noOutcome();
  const bytes = fromLatin1("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na");
  core.receive(bytes, 0, bytes.length, 0);
  core.receiveEnd(0);
  collect(core, bytes, outcome);
  assertEquals([outcome.status, outcome.body, outcome.last, outcome.phase], [200, "a", "lost", "closed"]);
});
