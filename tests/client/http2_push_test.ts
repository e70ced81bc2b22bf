/**
 * Owns the proof of what a client does about what servers give unasked: pushed responses (RFC 9113 §8.4), ORIGIN (RFC 8336)
 * and ALTSVC (RFC 7838).
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { type Announcement, Http2Error, type Push } from "../../client/mod.ts";
import { type Pair, type Peer, settled } from "../http2/peer.ts";
import {
  answer,
  CANCEL,
  heardRequest,
  type Http2Stage,
  http2Stage,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  serveOne,
} from "./http2_stage.ts";
import { rejection, until } from "./peer.ts";

const STYLE: Pair[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/style.css"],
  [":authority", "a"],
  ["accept", "text/css"],
];

function promise(peer: Peer, streamId: number, promisedId: number, fields: readonly Pair[] = STYLE): void {
  const fragment = peer.encoder.encodeBlock(fields.map(([name, value]) => ({ name, value })));
  peer.write({ type: "pushPromise", streamId, promisedId, endHeaders: true, fragment });
}

/** A client that asks for `/`, and the peer that may push before it answers. */
async function asked(set: Http2Stage): Promise<{ peer: Peer; id: number; fetched: Promise<Response> }> {
  const fetched = set.client.fetch("http://a/");
  const peer = await set.accept();
  const { id } = await heardRequest(peer);
  return { peer, id, fetched };
}

const ENABLE_PUSH = 2;

function announcedPush(peer: Peer): number | undefined {
  const first = peer.heard[0];
  assert(first?.type === "settings");
  return first.entries.find(([id]) => id === ENABLE_PUSH)?.[1];
}

Deno.test("HttpClient accepts pushes where it is told what to do with them, and says so", async () => {
  for (const accepts of [false, true]) {
    using set = http2Stage(accepts ? { onPush: () => {} } : {});
    const { peer, id, fetched } = await asked(set);
    assertEquals(announcedPush(peer), accepts ? 1 : 0);
    answer(peer, id);
    await fetched;
  }
});

Deno.test("HttpClient gives pushed responses to whoever takes them", async () => {
  const taken: Promise<Response>[] = [];
  const requests: Request[] = [];
  using set = http2Stage({
    onPush: (push) => {
      requests.push(push.request);
      taken.push(push.accept());
      assertEquals(push.accept(), taken.at(-1), "once");
    },
  });
  const { peer, id, fetched } = await asked(set);
  promise(peer, id, 2);
  promise(peer, id, 4, STYLE.with(2, [":path", "/late"]));
  answer(peer, id, "page");
  assertEquals(await (await fetched).text(), "page");
  answer(peer, 2, "body {}");
  peer.headers(4, [[":status", "200"]]);
  peer.data(4, "in ");
  await settled(peer);
  peer.data(4, "pieces", { end: true });
  assertEquals(requests.map(({ method, url }) => `${method} ${url}`), ["GET http://a/style.css", "GET http://a/late"]);
  assertEquals(requests[0]!.headers.get("accept"), "text/css");
  const responses = await Promise.all(taken);
  assertEquals([responses[0]!.url, await responses[0]!.text()], ["http://a/style.css", "body {}"]);
  assertEquals(await responses[1]!.text(), "in pieces");
});

Deno.test("HttpClient gives a pushed response that came with its promise in one piece, or what broke it off", async () => {
  for (const whole of [true, false]) {
    const taken: Promise<unknown>[] = [];
    using set = http2Stage({
      onPush: (push) => void taken.push(push.accept().then((response) => response.text()).catch((error) => error)),
    });
    const { peer, id, fetched } = await asked(set);
    const block = (fields: readonly Pair[]) =>
      peer.encoder.encodeBlock(fields.map(([name, value]) => ({ name, value })));
    peer.write(
      { type: "pushPromise", streamId: id, promisedId: 2, endHeaders: true, fragment: block(STYLE) },
      { type: "headers", streamId: 2, endStream: false, endHeaders: true, fragment: block([[":status", "200"]]) },
      whole
        ? { type: "data", streamId: 2, endStream: true, data: new TextEncoder().encode("body {}") }
        : { type: "rstStream", streamId: 2, code: CANCEL },
      { type: "headers", streamId: id, endStream: true, endHeaders: true, fragment: block([[":status", "204"]]) },
    );
    assertEquals((await fetched).status, 204);
    const [outcome] = await Promise.all(taken);
    if (whole) assertEquals(outcome, "body {}");
    else assertInstanceOf(outcome, TypeError);
    assertEquals(peer.heard.some(({ type }) => type === "rstStream"), false);
  }
});

Deno.test("HttpClient cancels a push that nobody takes, and goes on", async () => {
  const reported: unknown[] = [];
  const onError = (event: ErrorEvent) => (event.preventDefault(), reported.push(event.error));
  globalThis.addEventListener("error", onError);
  for (
    const onPush of [() => {}, () => {
      throw new Error("my mistake");
    }]
  ) {
    using set = http2Stage({ onPush });
    const { peer, id, fetched } = await asked(set);
    promise(peer, id, 2);
    assertEquals(await peer.expect("rstStream"), { type: "rstStream", streamId: 2, code: CANCEL });
    answer(peer, 2, "in vain");
    answer(peer, id, "page");
    assertEquals(await (await fetched).text(), "page");
  }
  globalThis.removeEventListener("error", onError);
  assertEquals(reported.map(String), ["Error: my mistake"]);
});

const BAD: readonly (readonly [what: string, fields: Pair[]])[] = [
  ["a method that is not safe", STYLE.with(0, [":method", "POST"])],
  ["another origin", STYLE.with(3, [":authority", "b"])],
  ["another scheme", STYLE.with(1, [":scheme", "https"])],
  ["content", [...STYLE, ["content-length", "5"]]],
  ["no path", STYLE.toSpliced(2, 1)],
];

for (const [what, fields] of BAD) {
  Deno.test(`HttpClient refuses a push with ${what} (RFC 9113 §8.4)`, async () => {
    let pushes = 0;
    using set = http2Stage({ onPush: () => void pushes++ });
    const { peer, id, fetched } = await asked(set);
    promise(peer, id, 2, fields);
    assertEquals(await peer.expect("rstStream"), { type: "rstStream", streamId: 2, code: PROTOCOL_ERROR });
    answer(peer, id);
    assertEquals([await (await fetched).text(), pushes], ["hello", 0]);
  });
}

Deno.test("HttpClient rejects a push that the server breaks off, or its connection", async () => {
  for (const end of ["reset", "close"] as const) {
    const taken: Promise<unknown>[] = [];
    using set = http2Stage({ onPush: (push: Push) => void taken.push(rejection(push.accept())) });
    const { peer, id, fetched } = await asked(set);
    promise(peer, id, 2);
    answer(peer, id);
    await (await fetched).text();
    if (end === "reset") peer.reset(2, REFUSED_STREAM);
    else peer.close();
    const error = await taken[0];
    assertInstanceOf(error, TypeError);
    if (end === "reset") assertInstanceOf(error.cause, Http2Error);
    else assertMatch(error.message, /ended before the response/);
  }
});

Deno.test("HttpClient waits for a pushed response no longer than for any other", async () => {
  const taken: Promise<unknown>[] = [];
  using set = http2Stage({ onPush: (push) => void taken.push(rejection(push.accept())) });
  const { peer, id, fetched } = await asked(set);
  promise(peer, id, 2);
  answer(peer, id);
  await (await fetched).text();
  await settled(peer);
  set.clock.advance(300_000);
  assertMatch(String(await taken[0]), /TimeoutError/);
});

Deno.test("HttpClient hands on what servers announce of their origins", async () => {
  const told: Announcement[] = [];
  using set = http2Stage({ alpn: () => "h2", onAnnouncement: (announcement) => void told.push(announcement) });
  const fetched = set.client.fetch("https://a/");
  const peer = await set.accept();
  const { id } = await heardRequest(peer);
  peer.write(
    { type: "origin", streamId: 0, origins: ["https://a", "https://b"] },
    { type: "altSvc", streamId: 0, origin: "https://c", value: 'h2=":444"' },
    { type: "altSvc", streamId: id, origin: "", value: "clear" },
    { type: "altSvc", streamId: 0, origin: "", value: "of no origin" },
    { type: "altSvc", streamId: id, origin: "https://d", value: "of two" },
  );
  answer(peer, id);
  await fetched;
  assertEquals(told, [
    { type: "origins", origin: "https://a", origins: ["https://a", "https://b"] },
    { type: "alternatives", origin: "https://c", value: 'h2=":444"' },
    { type: "alternatives", origin: "https://a", value: "clear" },
  ]);
});

Deno.test("HttpClient believes no ORIGIN of a server that has not proved who it is (RFC 8336 §2.1), and no hook breaks it", async () => {
  const reported: unknown[] = [];
  const onError = (event: ErrorEvent) => (event.preventDefault(), reported.push(event.error));
  globalThis.addEventListener("error", onError);
  let told = 0;
  using set = http2Stage({
    onAnnouncement: () => {
      told++;
      throw new Error("my mistake");
    },
  });
  const { peer, id, fetched } = await asked(set);
  peer.write(
    { type: "origin", streamId: 0, origins: ["http://evil"] },
    { type: "altSvc", streamId: id, origin: "", value: "clear" },
  );
  answer(peer, id);
  assertEquals(await (await fetched).text(), "hello");
  await until(() => reported.length > 0);
  globalThis.removeEventListener("error", onError);
  assertEquals([told, reported.map(String)], [1, ["Error: my mistake"]]);
  const next = set.client.fetch("http://a/");
  await serveOne(peer);
  assertEquals((await next).status, 200);
});
