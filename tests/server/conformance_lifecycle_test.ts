/**
 * Owns the proof of what a handler may rely on while its request lives and dies: the signal, `completed`, `onError`, and
 * backpressure both ways.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { turn } from "./client.ts";
import { answersOf, get, post, Stage, statusesOf } from "./stage.ts";

/** What a test noted of one request. */
interface Notes {
  readonly events: string[];
  release: () => void;
}

/** A handler that notes what becomes of its request, and answers when it is released. */
function noting(notes: Notes) {
  return async (request: Request, info: { readonly completed: Promise<void> }) => {
    request.signal.addEventListener("abort", () => notes.events.push(`aborted ${nameOf(request.signal.reason)}`));
    info.completed.then(() => notes.events.push("left"), (error: unknown) => notes.events.push(`cut ${nameOf(error)}`));
    await new Promise<void>((resolve) => notes.release = resolve);
    return new Response("done");
  };
}

const nameOf = (error: unknown) => error instanceof Error || error instanceof DOMException ? error.name : String(error);
const notesOf = (): Notes => ({ events: [], release: () => {} });

Deno.test("request.signal does not abort, and completed resolves, where the answer has left", async () => {
  const notes = notesOf();
  await using stage = new Stage({}, noting(notes));
  const client = await stage.say(get("/"));
  assertEquals(notes.events, []);
  notes.release();
  await turn();
  assertEquals([notes.events, statusesOf(client)], [["left"], [200]]);
  client.close(); // too late to matter
  await turn();
  assertEquals(notes.events, ["left"]);
});

Deno.test("completed waits until the last octet was taken", async () => {
  const events: string[] = [];
  await using stage = new Stage({ network: { capacity: 1000 } }, (_request, info) => {
    info.completed.then(() => events.push("left"));
    return new Response(new Uint8Array(3000));
  });
  const client = await stage.dial({ listens: false });
  client.write(get("/"));
  await turn();
  assertEquals(events, []);
  client.listen();
  await turn();
  assertEquals(events, ["left"]);
});

Deno.test("request.signal aborts and completed rejects where the client resets the connection", async () => {
  const notes = notesOf();
  await using stage = new Stage({}, noting(notes));
  const client = await stage.say(get("/"));
  client.transport.reset();
  await turn();
  assertEquals(notes.events, ["aborted ConnectionReset", "cut ConnectionReset"]);
  assertEquals([stage.server.stats.connections, stage.server.stats.active], [0, 0]);
  notes.release(); // what the handler answers now goes nowhere, and hurts nobody
  await turn();
  assertEquals(notes.events.length, 2);
});

Deno.test("request.signal aborts where the client ends its side, and the answer is still sent", async () => {
  const notes = notesOf();
  await using stage = new Stage({}, noting(notes));
  const client = await stage.say(get("/"));
  client.end();
  await turn();
  assertEquals(notes.events, ["aborted AbortError"]);
  notes.release();
  await turn();
  assertEquals([notes.events, statusesOf(client), client.ended], [["aborted AbortError", "left"], [200], true]);
});

Deno.test("request.signal stays as it is where the client ends its side and allowHalfOpen is set", async () => {
  const notes = notesOf();
  await using stage = new Stage({ allowHalfOpen: true }, noting(notes));
  const client = await stage.say(get("/"));
  client.end();
  await turn();
  assertEquals(notes.events, []);
  notes.release();
  await turn();
  assertEquals([notes.events, statusesOf(client), client.ended], [["left"], [200], true]);
});

Deno.test("request.signal that is asked for later says what happened before", async () => {
  const aborted: boolean[] = [];
  let look = () => {};
  await using stage = new Stage({}, async (request) => {
    await new Promise<void>((resolve) => look = resolve);
    aborted.push(request.signal.aborted);
    return new Response("done");
  });
  const client = await stage.say(get("/"));
  client.end();
  await turn();
  look();
  await turn();
  assertEquals(aborted, [true]);
});

Deno.test("request.signal aborts with a TimeoutError where a deadline has passed", async () => {
  const notes = notesOf();
  await using stage = new Stage({ timeouts: { body: 1000 } }, noting(notes));
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  await stage.advance(1000);
  assertEquals(notes.events, ["aborted TimeoutError", "cut TimeoutError"]);
  assertEquals([statusesOf(client), client.ended], [[408], true]);
});

Deno.test("request.signal aborts where the content is malformed", async () => {
  const notes = notesOf();
  await using stage = new Stage({}, noting(notes));
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n");
  assertEquals([notes.events, statusesOf(client)], [["aborted Http1Error", "cut Http1Error"], [400]]);
});

Deno.test("request.signal of all waiting requests aborts where the client is gone", async () => {
  const events: string[] = [];
  await using stage = new Stage({}, (request) => {
    request.signal.addEventListener("abort", () => events.push(new URL(request.url).pathname));
    return new Promise(() => {});
  });
  const client = await stage.say(get("/a") + get("/b"));
  client.transport.reset();
  await turn();
  assertEquals(events, ["/a", "/b"]);
});

Deno.test("server.shutdown() with an aborted signal aborts request.signal", async () => {
  const notes = notesOf();
  await using stage = new Stage({}, noting(notes));
  const client = await stage.say(get("/"));
  await stage.server.shutdown({ signal: AbortSignal.abort(new TypeError("enough")) });
  await turn();
  assertEquals(notes.events, ["aborted TypeError", "cut TypeError"]);
  assert(client.ended || client.lost !== undefined);
});

Deno.test("info.inform() sends 102 and 103 before the answer, and nothing to HTTP/1.0", async () => {
  await using stage = new Stage({}, async (_request, info) => {
    await info.inform(103, { link: "</a.css>; rel=preload" });
    await info.inform(102);
    return new Response("done");
  });
  const client = await stage.say(get("/"));
  assertEquals(
    client.wire.split("\r\n").slice(0, 6),
    ["HTTP/1.1 103 Early Hints", "link: </a.css>; rel=preload", "", "HTTP/1.1 102 Processing", "", "HTTP/1.1 200 OK"],
  );
  const old = await stage.say("GET / HTTP/1.0\r\n\r\n");
  assertEquals(statusesOf(old), [200]);
});

Deno.test("info.inform() refuses 100, 101, 200 and a fraction, and refuses once the final head was sent", async () => {
  const errors: string[] = [];
  await using stage = new Stage({}, async (_request, info) => {
    for (const status of [100, 101, 200, 102.5, NaN]) {
      errors.push((await assertRejects(() => info.inform(status), RangeError)).message);
    }
    info.completed.then(async () => errors.push((await assertRejects(() => info.inform(103), TypeError)).message));
    return new Response("done");
  });
  await stage.say(get("/"));
  assertEquals(errors.length, 6);
  assertMatch(errors[0]!, /^Cannot inform as 'status' must be 102 to 199: received 100$/);
});

/** A stream of one piece. */
function streamOf(piece: unknown): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(piece);
      controller.close();
    },
  });
}

/** Handlers that fail before anything was sent. */
const FAILURES: Readonly<Record<string, () => unknown>> = {
  "throws": () => {
    throw new Error("sync");
  },
  "rejects": () => Promise.reject(new Error("async")),
  "gives no Response": () => "text",
  "gives a promise of no Response": () => Promise.resolve(undefined),
  "gives a used Response": async () => {
    const response = new Response("once");
    await response.text();
    return response;
  },
  "gives a Response whose stream is locked": () => {
    const response = new Response(new ReadableStream());
    response.body!.getReader();
    return response;
  },
  "gives Response.error()": () => Response.error(),
  "gives a 101 of its own": () => new Response(null, { status: 101 }),
  "gives a field that would break the head": () => new Response("x", { headers: { x: "a\x01b" } }),
  "gives a type that would break the head": () => new Response("x", { headers: { "content-type": "a\x01b" } }),
  "gives a stream with a length that is none": () => {
    return new Response(streamOf(new Uint8Array(1)), { headers: { "content-length": "1.5" } });
  },
};

for (const [what, handler] of Object.entries(FAILURES)) {
  Deno.test(`onError answers where the handler ${what}, and the connection goes on`, async () => {
    const errors: unknown[] = [];
    await using stage = new Stage({
      onError: (error) => {
        errors.push(error);
        return new Response("sorry", { status: 503 });
      },
    }, handler as () => Response);
    const client = await stage.say(get("/") + get("/"));
    assertEquals(answersOf(client).map(({ status, body }) => [status, body]), [[503, "sorry"], [503, "sorry"]]);
    assertEquals([client.ended, errors.length], [false, 2]);
    assert(errors.every((error) => error instanceof Error));
  });
}

Deno.test("The connection is cut where onError fails as well", async () => {
  await using stage = new Stage({
    onError: () => {
      throw new Error("second");
    },
  }, () => {
    throw new Error("first");
  });
  const client = await stage.say(get("/"));
  assertEquals([client.wire, client.ended || client.lost !== undefined], ["", true]);
  assertEquals(stage.connectionErrors.map(String), ["Error: second"]);
});

/** A stream that gives some pieces and then fails. */
function failing(pieces: readonly string[]): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      const piece = pieces[at++];
      if (piece === undefined) controller.error(new Error("half-way"));
      else controller.enqueue(new TextEncoder().encode(piece));
    },
  }, { highWaterMark: 0 });
}

for (
  const [what, init, head] of [
    ["chunked", {}, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["of an announced length", { headers: { "content-length": "100" } }, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ] as const
) {
  Deno.test(`The peer sees that an answer ${what} is not whole where its stream fails (RFC 9112 §8)`, async () => {
    const completed: string[] = [];
    await using stage = new Stage({}, (_request, info) => {
      info.completed.catch((error: unknown) => completed.push(String(error)));
      return new Response(failing(["one", "two"]), init);
    });
    const client = await stage.say(head);
    assertMatch(client.wire, /^HTTP\/1\.1 200 OK\r\n/);
    assert(!client.wire.endsWith("0\r\n\r\n"));
    assert(client.ended || client.lost !== undefined);
    assertEquals([completed, stage.connectionErrors.map(String)], [["Error: half-way"], ["Error: half-way"]]);
  });
}

for (
  const [what, stream] of [
    ["text", () => streamOf("12345")],
    ["more than was announced", () => streamOf(new Uint8Array(6))],
    ["less than was announced", () => streamOf(new Uint8Array(4))],
  ] as const
) {
  Deno.test(`The connection is cut where a stream gives ${what}`, async () => {
    await using stage = new Stage({}, () => new Response(stream(), { headers: { "content-length": "5" } }));
    const client = await stage.say(get("/") + get("/smuggled"));
    assertEquals(client.wire.match(/HTTP/g)?.length, 1);
    assert(client.wire.split("\r\n\r\n")[1]!.length < 5, "it looks whole");
    assert(client.ended || client.lost !== undefined);
    assertEquals(stage.connectionErrors.length, 1);
  });
}

Deno.test("A stream is cancelled with the reason where its client is gone", async () => {
  const reasons: unknown[] = [];
  const stream = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: (reason) => void reasons.push(reason),
    });
  await using stage = new Stage({}, () => new Response(stream()));
  const client = await stage.say(get("/"));
  client.transport.reset();
  await turn();
  assertEquals(reasons.map(nameOf), ["ConnectionReset"]);
});

Deno.test("A stream is cancelled where its content is not wanted", async () => {
  let cancelled = 0;
  const stream = () => new ReadableStream<Uint8Array>({ cancel: () => void cancelled++ });
  await using stage = new Stage({}, (request) => {
    return new Response(stream(), { status: request.method === "HEAD" ? 200 : 404 });
  });
  const client = await stage.say("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  assertEquals([statusesOf(client, ["HEAD"]), cancelled, client.ended], [[200], 1, false]);
});

Deno.test("An answer's stream is not pulled further than the high-water mark while the peer does not read", async () => {
  let pulls = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls++;
      if (pulls <= 100) controller.enqueue(new Uint8Array(16 * 1024));
      else controller.close();
    },
  }, { highWaterMark: 0 });
  await using stage = new Stage({ network: { capacity: 1000 } }, () => new Response(stream));
  const client = await stage.dial({ listens: false });
  client.write(get("/"));
  await turn();
  assert(pulls <= 18, `pulled ${pulls} times 16 KiB for a mark of 256 KiB`);
  client.listen();
  await turn();
  assertEquals(pulls, 101);
  assertEquals(answersOf(client)[0]!.body.length, 100 * 16 * 1024);
});

Deno.test("An upload is read no further than the high-water mark while its handler does not read", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let read = 0;
  await using stage = new Stage({ network: { capacity: 1000 } }, async (request) => {
    await promise;
    for await (const chunk of request.body!) read += chunk.length;
    return new Response(`${read}`);
  });
  const total = 1024 * 1024;
  const client = await stage.say(post("/", "x".repeat(total)));
  const taken = total - client.unsent;
  assert(taken > 0 && taken < 300 * 1024, `${taken} bytes were read though nobody wanted them`);
  resolve();
  await turn();
  assertEquals(answersOf(client).map(({ body }) => body), [`${total}`]);
});

Deno.test("An echo goes on whatever the wire holds, and neither side waits for the other", async () => {
  await using stage = new Stage({ network: { capacity: 100, chunkSize: 33 } }, (request) => new Response(request.body));
  const client = await stage.say(post("/", "echo".repeat(5000)));
  assertEquals(answersOf(client).map(({ body }) => body), ["echo".repeat(5000)]);
  assertEquals(client.ended, false);
});

Deno.test("Malformed content behind an answer that has begun cuts it, though the peer does not read", async () => {
  await using stage = new Stage({ network: { capacity: 1000 } }, (request) => {
    request.body!.getReader().read().catch(() => {});
    return new Response(
      new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(100_000)) }),
    );
  });
  const client = await stage.dial({ listens: false });
  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  await turn();
  client.write("bad\n");
  await turn();
  assertEquals(stage.server.stats.connections, 0);
  await client.listen();
  assert(client.wire.length < 100_000 && (client.ended || client.lost !== undefined));
});

Deno.test("A client that comes and goes without a word is no error", async () => {
  await using stage = new Stage({}, () => new Response("never"));
  const client = await stage.dial();
  client.end();
  await turn();
  assertEquals([client.ended, client.wire, stage.connectionErrors], [true, "", []]);
});
