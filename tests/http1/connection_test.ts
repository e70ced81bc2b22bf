/**
 * Owns the proof of `ServerConnection` alone: what persists, how it ends, and the order of its exchanges against a plain
 * model. Time is a number here.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import type { Http1Error } from "../../http1/error.ts";
import { assertSent, begun, head, octets, REQUESTS, ServerWire } from "./server_wire.ts";

const { get: GET, old: OLD, head: HEAD, post: POST, chunked: CHUNKED, upgrade: UPGRADE, connect: CONNECT } = REQUESTS;

Deno.test("ServerConnection ends HTTP/1.0 behind an answer, unless the client asks for keep-alive (RFC 9112 §9.3)", () => {
  const [wire, exchange] = begun(OLD);
  exchange.respond(head(), "x");
  assertSent(wire, ["HTTP/1.1 200 OK", "content-length: 1", "connection: close"], "x");
  assertEquals(wire.core.end, "finish");
  const [kept, first] = begun("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".repeat(2));
  first.respond(head(), "x");
  assertSent(kept, ["HTTP/1.1 200 OK", "content-length: 1", "connection: keep-alive"], "x");
  kept.exchanges[1]!.begin(head(), undefined); // no chunks in HTTP/1.0: its end is the connection's
  kept.exchanges[1]!.write(octets("x"));
  kept.exchanges[1]!.end();
  assertSent(kept, ["HTTP/1.1 200 OK", "connection: close"], "x");
  assertEquals(kept.core.end, "finish");
});

Deno.test("ServerConnection ends behind an answer where either side says close, in any case and among others", () => {
  for (const value of ["close", "Close", "x, CLOSE", "keep-alive,close"]) {
    const [asked, first] = begun(`GET / HTTP/1.1\r\nHost: a\r\nConnection: ${value}\r\n\r\n${GET}`);
    first.respond(head(), "x");
    assertSent(asked, ["HTTP/1.1 200 OK", "content-length: 1", "connection: close"], "x");
    assertEquals([asked.core.end, asked.exchanges.length], ["finish", 1]);
    const [answered, second] = begun(GET + GET);
    second.respond(head(200, ["connection", value]), "x");
    assertSent(answered, ["HTTP/1.1 200 OK", "content-length: 1", "connection: close"], "x");
    assertEquals(answered.core.end, "finish");
  }
});

Deno.test("ServerConnection gives content and trailers of both framings", () => {
  for (const text of [POST, CHUNKED]) {
    const [wire, exchange] = begun(text);
    assertEquals([wire.content.get(exchange), wire.ended, exchange.received], ["hello", [exchange], true]);
  }
});

Deno.test("ServerConnection sends 100 once, when content is first wanted (RFC 9110 §10.1.1)", () => {
  const text = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  const [wire, exchange] = begun(text);
  assertEquals([wire.take(), exchange.expectsContinue], ["", true]);
  wire.core.wantContent(exchange, 0);
  wire.core.wantContent(exchange, 0);
  assertEquals([wire.take(), exchange.expectsContinue], ["HTTP/1.1 100 Continue\r\n\r\n", false]);
  const [came, second] = begun(`${text}h`); // it did not wait
  came.core.wantContent(second, 0);
  assertEquals(came.take(), "");
  const [answered, third] = begun(text);
  third.begin(head(), undefined);
  answered.core.wantContent(third, 0); // too late for a 100
  assertEquals(answered.take(), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  const [old, fourth] = begun("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  old.core.wantContent(fourth, 0);
  assertEquals(old.take(), "");
});

Deno.test("ServerConnection says close in an answer without the 100 that the client waits for", () => {
  const [wire, exchange] = begun("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  wire.core.discardContent(exchange);
  exchange.respond(head(417), null);
  assertMatch(wire.take(), /\r\nconnection: close\r\n/);
  assertEquals(wire.core.end, "finish");
});

Deno.test("ServerConnection throws unread content away up to its limit, and goes on behind it", () => {
  const limits = { drainBytes: 10 };
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const [size, end] of [["a", "open"], ["b", "finish"]] as const) {
    const [wire, exchange] = begun(chunked, { limits });
    wire.core.discardContent(exchange);
    exchange.respond(head(), "x");
    wire.receive(`${size}\r\n${"x".repeat(parseInt(size, 16))}\r\n0\r\n\r\n${GET}`);
    assertEquals([wire.core.end, wire.exchanges.length, wire.content.get(exchange)], [end, end === "open" ? 2 : 1, ""]);
  }
});

Deno.test("ServerConnection waits for content that is read behind its answer before it begins the next request", () => {
  const [wire, exchange] = begun("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
  exchange.respond(head(), "early");
  wire.receive(`lo${GET}`);
  assertEquals([wire.content.get(exchange), wire.ended.length, wire.exchanges.length], ["hello", 1, 2]);
});

Deno.test("ServerConnection answers malformed content with 400 while that can be, and is cut where it can't", () => {
  const text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n";
  const [pending] = begun(text);
  pending.receive("x\r\n");
  assertMatch(pending.take(), /^HTTP\/1\.1 400 Bad Request\r\n[^]*connection: close\r\n/);
  assertEquals([pending.core.end, pending.errors[0]?.exchange === pending.exchanges[0]], ["finish", true]);
  const [sending, exchange] = begun(text);
  exchange.begin(head(), undefined);
  exchange.write(octets("part"));
  sending.receive("x\r\n");
  assertEquals([sending.core.end, sending.take()], ["closed", ""]);
  const [done, last] = begun(text);
  last.respond(head(), "done");
  done.receive("x\r\n");
  assertEquals([done.core.end, done.take().match(/HTTP/g)?.length], ["finish", 1]);
});

Deno.test("ServerConnection holds octets behind an Upgrade until its answer is known", () => {
  const [accepted, first] = begun(`${UPGRADE}early octets`);
  assertEquals([accepted.exchanges.length, accepted.core.phase], [1, "switch"]);
  first.switch(head(101, ["upgrade", "x"]));
  assertSent(accepted, ["HTTP/1.1 101 Switching Protocols", "upgrade: x", "connection: upgrade"]);
  assertEquals([accepted.core.end, accepted.receive("")], ["switched", "early octets".length]);
  const [refused, second] = begun(UPGRADE + GET);
  second.respond(head(), "no");
  refused.pump();
  assertEquals([refused.exchanges.length, refused.core.end], [2, "open"]);
});

Deno.test("ServerConnection makes a tunnel of a CONNECT that is answered with 2xx (RFC 9110 §9.3.6)", () => {
  const [wire, exchange] = begun(CONNECT);
  exchange.switch(head(200));
  assertSent(wire, ["HTTP/1.1 200 OK"]);
  assertEquals(wire.core.end, "switched");
});

for (const text of [POST, CHUNKED, GET]) {
  const name = text.slice(0, text.indexOf("\r")) + (text === CHUNKED ? ", chunked" : "");
  Deno.test(`ServerConnection answers 400 where the peer ends within ${name}, at each of its octets`, () => {
    const headEnd = text.indexOf("\r\n\r\n") + 4;
    for (let at = 0; at <= text.length; at++) {
      const wire = new ServerWire();
      wire.receive(text.slice(0, at));
      wire.receiveEnd();
      const status = /^HTTP\/1\.1 (\d+)/.exec(wire.take())?.[1];
      if (at === 0) {
        assertEquals([status, wire.core.end, wire.errors.length], [undefined, "finish", 0]);
      } else if (at < text.length) {
        assertEquals([status, wire.core.end, wire.errors.length], ["400", "finish", 1], `at ${at}`);
        assertEquals([wire.exchanges.length, wire.errors[0]?.exchange], [
          at < headEnd ? 0 : 1,
          wire.exchanges[0],
        ], `at ${at}`);
      } else {
        assertEquals([status, wire.core.end, wire.errors.length], [undefined, "open", 0]);
        wire.exchanges[0]!.respond(head(), "late, but here");
        assertMatch(wire.take(), /\r\nconnection: close\r\n[^]*late, but here$/);
        assertEquals(wire.core.end, "finish");
      }
    }
  });
}

Deno.test("ServerConnection lingers behind its last octet, until the peer ends or the time is over", () => {
  const timeouts = { linger: 1000 };
  const [wire, exchange] = begun("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", { timeouts });
  exchange.respond(head(), "x");
  wire.take();
  wire.core.linger(0);
  assertEquals([wire.core.end, wire.core.deadline, wire.receive("thrown away")], ["lingering", 1000, 0]);
  wire.advance(999);
  assertEquals(wire.core.end, "lingering");
  wire.advance(1);
  assertEquals([wire.core.end, wire.core.deadline], ["closed", Infinity]);
  const [ended, second] = begun("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  second.respond(head(), "x");
  ended.take();
  ended.core.linger(0);
  ended.receiveEnd();
  assertEquals(ended.core.end, "closed");
});

Deno.test("ServerConnection.shutdown() lets the request under way be the last", () => {
  const idle = new ServerWire();
  idle.core.shutdown(0);
  assertEquals([idle.core.end, idle.core.lingers], ["finish", false]); // there is no answer to miss
  const part = new ServerWire();
  part.receive("GET / HT");
  part.core.shutdown(0);
  part.receive(`TP/1.1\r\nHost: a\r\n\r\n${GET}`);
  assertEquals(part.exchanges.length, 1);
  part.exchanges[0]!.respond(head(), "x");
  assertMatch(part.take(), /\r\nconnection: close\r\n/);
  assertEquals([part.core.end, part.core.lingers], ["finish", true]);
  const [held, first] = begun(GET + POST);
  held.core.shutdown(0);
  first.respond(head(), "x");
  held.pump();
  assertEquals(held.exchanges.length, 2); // it had come before
  held.exchanges[1]!.respond(head(), "y");
  assertEquals(held.core.end, "finish");
});

Deno.test("ServerConnection waits for nothing once it has ended", () => {
  for (const text of ["", "GET", GET, POST, CHUNKED, "BAD\r\n", POST.slice(0, -2), GET + POST, UPGRADE]) {
    const wire = new ServerWire();
    wire.receive(text);
    for (const exchange of wire.exchanges) exchange.respond(head(), "x");
    wire.receiveEnd();
    wire.pump();
    for (const exchange of wire.exchanges) if (exchange.phase === "pending") exchange.respond(head(), "x");
    wire.take();
    assert(wire.core.end === "finish" || wire.core.end === "closed", `${JSON.stringify(text)}: ${wire.core.end}`);
    assertEquals(wire.core.deadline, Infinity, JSON.stringify(text));
  }
});

/** What a plain model says of a connection, one request an entry. */
interface Planned {
  readonly name: number;
  readonly safe: boolean;
  readonly close: boolean;
  state: "unread" | "begun" | "answered";
}

const MAX_PIPELINED = 4;

/** The rules of RFC 9112 §9.3 over a list: the oracle. */
class Model {
  readonly requests: Planned[] = [];
  #ended = false;

  /** Those that were begun and whose answers have not all left, in order. */
  #waiting(): Planned[] {
    const left = this.left().length;
    return this.requests.slice(left).filter(({ state }) => state !== "unread");
  }

  /** Those whose answers have left. */
  left(): Planned[] {
    const first = this.requests.findIndex(({ state }) => state !== "answered");
    const left = first < 0 ? this.requests : this.requests.slice(0, first);
    const close = left.findIndex((request) => request.close);
    return close < 0 ? left : left.slice(0, close + 1);
  }

  /** Begins what may begin. */
  advance(): void {
    for (const request of this.requests.filter(({ state }) => state === "unread")) {
      const waiting = this.#waiting();
      const alone = waiting.length === 0;
      const before = this.requests.slice(0, this.requests.indexOf(request));
      if (before.some(({ close }) => close)) return;
      if (!alone && (!request.safe || !waiting.at(-1)!.safe || waiting.length >= MAX_PIPELINED)) return;
      request.state = "begun";
    }
  }

  end(): void {
    this.#ended = true;
  }

  /** Whether the connection must have ended. */
  get over(): boolean {
    const left = this.left();
    return left.some(({ close }) => close) || (this.#ended && left.length === this.requests.length);
  }
}

Deno.test("ServerConnection begins, orders and ends as a plain model does, whatever comes in whatever order", () => {
  const action = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant("send" as const), safe: fc.boolean(), close: fc.boolean() }) },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant("answer" as const), which: fc.nat(9), streams: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("take" as const), step: fc.integer({ min: 1, max: 99 }) }) },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), fc.boolean(), (actions, ends) => {
      const wire = new ServerWire({ limits: { maxPipelined: MAX_PIPELINED } });
      const model = new Model();
      let text = "";
      const check = () => {
        model.advance();
        text += wire.take();
        const begun = model.requests.filter(({ state }) => state !== "unread");
        assertEquals(wire.exchanges.map(({ head: { target } }) => target), begun.map(({ name }) => `/${name}`));
        assertEquals(
          [...text.matchAll(/\[(\d+)\]/g)].map(([, name]) => Number(name)),
          model.left().map(({ name }) => name),
        );
        assertEquals(wire.core.end, model.over ? "finish" : "open");
        assertEquals(wire.errors, []);
      };
      const answer = (which: number, streams: boolean) => {
        const open = wire.exchanges.filter(({ phase }) => phase === "pending");
        const exchange = open[which % open.length];
        if (exchange === undefined || wire.core.end !== "open") return;
        const name = Number(exchange.head.target.slice(1));
        if (streams) {
          exchange.begin(head(), undefined);
          exchange.write(octets(`[${name}]`));
          exchange.end();
        } else exchange.respond(head(), `[${name}]`);
        model.requests[name]!.state = "answered";
        wire.pump();
      };
      for (const one of actions) {
        if (one.do === "send") {
          const name = model.requests.length;
          model.requests.push({ name, safe: one.safe, close: one.close && name % 5 === 4, state: "unread" });
          const fields = model.requests[name]!.close ? "Connection: close\r\n" : "";
          const rest = one.safe ? "\r\n" : "Content-Length: 3\r\n\r\nabc";
          wire.receive(`${one.safe ? "GET" : "POST"} /${name} HTTP/1.1\r\nHost: a\r\n${fields}${rest}`);
        } else if (one.do === "answer") answer(one.which, one.streams);
        else text += wire.take(one.step);
        check();
      }
      if (!ends) return;
      while (wire.exchanges.some(({ phase }) => phase === "pending") && wire.core.end === "open") answer(0, false);
      wire.receiveEnd();
      model.end();
      check();
    }),
    { numRuns: 300 },
  );
});

Deno.test("ServerConnection never throws for what the peer does, and gives at most one error, the last event", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      GET,
      POST,
      CHUNKED,
      HEAD,
      OLD,
      UPGRADE,
      CONNECT,
      "GET / HTTP/1.1\r\n",
      "\r\n",
      "5\r\n",
      "0\r\n\r\n",
    ),
    fc.string({ unit: "binary-ascii", maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, fc.nat(4), fc.nat(40_000)), { maxLength: 20 }), (steps) => {
      const wire = new ServerWire();
      let errors = 0;
      wire.onEvent = (event) => {
        assertEquals(errors, 0, "an event behind an error");
        if (event.type === "error") errors++;
      };
      for (const [text, what, ms] of steps) {
        if (what === 0) wire.exchanges.find(({ phase }) => phase === "pending")?.respond(head(), "x");
        if (what === 1) wire.take();
        if (what === 2) wire.advance(ms);
        if (wire.core.end === "finish") wire.core.linger(wire.now);
        wire.receive(text);
      }
      wire.receiveEnd();
      assert(errors <= 1);
    }),
    { numRuns: 300 },
  );
});

Deno.test("ServerConnection tells a stalled write's exchange, and drops what waits", () => {
  const [wire, exchange] = begun(GET, { timeouts: { write: 1000 } });
  exchange.begin(head(), undefined);
  exchange.write(octets("x"));
  assert(wire.core.takeOutput(0) !== undefined);
  wire.advance(1000);
  const error: Http1Error | undefined = wire.errors[0]?.error;
  assertEquals([error?.status, wire.errors[0]?.exchange === exchange], [408, true]);
  assertEquals([wire.core.end, wire.core.output.size, wire.core.deadline], ["closed", 0, Infinity]);
});
