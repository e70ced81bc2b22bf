/**
 * Faults that a review found in a server's connections, each as the conversation that showed it: what a hostile client or
 * a careless handler did, and what must come of it.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { trailersOf } from "../../http/mod.ts";
import { Output } from "../../http1/output.ts";
import { memoryNetwork } from "../../net/mod.ts";
import { serve } from "../../server/mod.ts";
import { type Client, latin1, turn } from "./client.ts";
import { answersOf, get, Stage, statusesOf } from "./stage.ts";

/** Lets much happen. */
async function turns(count: number): Promise<void> {
  for (let turned = 0; turned < count; turned++) await turn();
}

/** How a promise stands. */
async function standing(promise: Promise<unknown>): Promise<string> {
  let standing = "pending";
  promise.then(() => standing = "resolved", () => standing = "rejected");
  await turns(2);
  return standing;
}

/** A request whose client waits for a 100 (Continue) before it sends three octets. */
const AWAITED = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";

/** A wire that holds 4 KiB each way. */
const NARROW = { network: { capacity: 4096 } };

Deno.test("serve() begins no more requests while 256 KiB of answers wait for a client that doesn't read", async () => {
  let begun = 0;
  await using stage = new Stage(NARROW, () => {
    begun++;
    return new Response("x".repeat(10_000));
  });
  const client = await stage.dial({ listens: false });
  client.write(get("/").repeat(500));
  await turns(40);
  // At most those that were waiting side by side when the mark was reached.
  assert(begun >= 26 && begun <= 26 + 16, `${begun} begun`);
  client.listen();
  for (let round = 0; round < 200 && begun < 500; round++) await turns(10);
  await turns(300);
  assertEquals(statusesOf(client).length, 500);
});

Deno.test("serve() begins requests again as soon as there's room, though the client sends nothing more", async () => {
  const big = new Uint8Array(300_000);
  await using stage = new Stage(NARROW, ({ url }) => new Response(url.endsWith("/big") ? big : "small"));
  const client = await stage.dial({ listens: false });
  client.write(get("/big") + get("/1") + get("/2"));
  await turns(5);
  client.listen();
  await turns(300);
  assertEquals(answersOf(client).map(({ body }) => body.length), [300_000, 5, 5]);
});

Deno.test("serve() reads the rest of a head that had begun before too much output waited", async () => {
  const big = new Uint8Array(300_000);
  let release = () => {};
  await using stage = new Stage(NARROW, ({ url }) => {
    if (!url.endsWith("/big")) return new Response("small");
    return new Promise((resolve) => release = () => resolve(new Response(big)));
  });
  const client = await stage.dial({ listens: false });
  const second = get("/second");
  client.write(get("/big") + second.slice(0, 10));
  await turn();
  release();
  await turn();
  client.write(second.slice(10));
  await stage.advance(11_000); // more than a head may take
  client.listen();
  await turns(300);
  assertEquals(statusesOf(client), [200, 200]);
});

Deno.test("serve() puts small pieces of content that wait together", async () => {
  const count = 20_000;
  let release = () => {};
  const wait = new Promise<void>((resolve) => release = resolve);
  let pieces = 0;
  await using stage = new Stage({}, async (request) => {
    await wait;
    let text = "";
    for await (const piece of request.body!) {
      pieces++;
      assertEquals(piece.byteOffset, 0);
      text += new TextDecoder().decode(piece);
    }
    return new Response(text);
  });
  const client = await stage.dial();
  const digits = Array.from({ length: count }, (_, at) => String(at % 10));
  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.write(digits.map((digit) => `1\r\n${digit}\r\n`).join("") + "0\r\n\r\n");
  await turns(40);
  release();
  await turns(40);
  assertEquals(answersOf(client).map(({ body }) => body), [digits.join("")]);
  assert(pieces < 30, `${pieces} pieces`); // of 4 KiB, and one or two a read
});

Deno.test("text() gathers pieces of all sizes in their order", async () => {
  await using stage = new Stage({ network: { chunkSize: 700 } }, async (request) => new Response(await request.text()));
  const client = await stage.dial();
  const sizes = Array.from({ length: 300 }, (_, at) => at % 7 === 0 ? 5000 : 1 + at * 13 % 90);
  const pieces = sizes.map((size, at) => String.fromCharCode(97 + at % 26).repeat(size));
  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.write(pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("") + "0\r\n\r\n");
  for (let round = 0; round < 100 && client.wire === ""; round++) await turns(10);
  await turns(100);
  assert(answersOf(client)[0]?.body === pieces.join(""));
});

Deno.test("a handler that cuts its own server learns it by signal and completed, whenever it asks", async () => {
  let told: unknown[] = [];
  const stage: Stage = new Stage({}, async (request, info) => {
    stage.server.shutdown({ signal: AbortSignal.abort("enough") });
    told = [await standing(info.completed), request.signal.aborted, request.signal.reason];
    return await new Promise<Response>(() => {});
  });
  await using _stage = stage;
  await stage.say(get("/"));
  await turns(5);
  assertEquals(told, ["rejected", true, "enough"]);
  assertEquals(stage.server.stats.active, 0);
});

Deno.test("serve() calls no handler for what came behind a request whose handler cut the server", async () => {
  const asked: string[] = [];
  const stage: Stage = new Stage({}, ({ url }) => {
    asked.push(url);
    stage.server.shutdown({ signal: AbortSignal.abort() });
    return new Response();
  });
  await using _stage = stage;
  await stage.say(get("/1") + "GET /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  assertEquals(asked, ["http://a/1"]);
  assertEquals(stage.server.stats.active, 0);
});

Deno.test("completed rejects for who asks after the connection was cut", async () => {
  let release = () => {};
  const wait = new Promise<void>((resolve) => release = resolve);
  let told = "nothing";
  await using stage = new Stage({}, async (_request, info) => {
    await wait;
    told = await standing(info.completed);
    return new Response();
  });
  await stage.say(get("/"));
  await stage.server.shutdown({ signal: AbortSignal.abort() });
  release();
  await turns(5);
  assertEquals(told, "rejected");
});

Deno.test("onConnectionError may throw: the peer gets its answer, and the server goes on", async () => {
  const { listener, dial } = memoryNetwork();
  const { error } = console;
  const lines: unknown[] = [];
  console.error = (line: unknown) => void lines.push(line);
  try {
    await using server = serve({
      listener,
      onConnectionError() {
        throw new Error("hook");
      },
    }, () => new Response("well"));
    await using broken = await dial();
    await broken.write("BROKEN\r\n\r\n");
    assertStringIncludes(await broken.readUntil("\r\n"), "400");
    await using client = await dial();
    await client.write(get("/", "Connection: close\r\n"));
    assertStringIncludes(await client.readToEnd(), "well");
    for (const wire of [broken, client]) wire.close();
    await server.shutdown();
  } finally {
    console.error = error;
  }
  assertEquals(lines.map(String), ["Error: hook"]);
});

for (const [what, taken] of [["that waits", 1], ["that is being written", 0]] as const) {
  Deno.test(`serve() cuts the answer where the handler transfers a piece ${what}, and sends nothing behind it`, async () => {
    const pieces = [new Uint8Array(200_000).fill(0x41), new Uint8Array(200_000).fill(0x42)];
    await using stage = new Stage(NARROW, ({ url }) => {
      if (url.endsWith("/2")) return new Response("second");
      const stream = new ReadableStream({
        start(controller) {
          for (const piece of pieces) controller.enqueue(piece);
          controller.close();
        },
      });
      return new Response(stream, { headers: { "content-length": "400000" } });
    });
    const client = await stage.dial({ listens: false });
    client.write(get("/1") + get("/2"));
    await turns(10);
    structuredClone(null, { transfer: [pieces[taken]!.buffer] });
    client.listen();
    await turns(300);
    assert(!client.wire.includes("second"));
    assert(client.ended || client.lost !== undefined);
    assert(stage.connectionErrors.some((error) => String(error).includes("transferred")));
  });
}

Deno.test("Output.take() goes on behind bytes that had left before their buffer was transferred", () => {
  const output = new Output();
  const large = new Uint8Array(100_000);
  output.push(large);
  output.push(new Uint8Array([1, 2]));
  output.take();
  structuredClone(null, { transfer: [large.buffer] });
  output.sent(100_000);
  assertEquals(output.take(), new Uint8Array([1, 2]));
});

Deno.test("the answer to a HEAD has no content-length where its status has no content (RFC 9110 §8.6)", async () => {
  await using stage = new Stage({}, () => new Response(null, { status: 204, headers: { "content-length": "5" } }));
  const client = await stage.say("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert(!client.wire.includes("content-length"), client.wire);
});

for (
  const [what, request, init] of [
    ["its content-length is no length", get("/"), { headers: { "content-length": "abc" } }],
    ["it is a 2xx to CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", {}],
    ["its content-length is no length, and the client waits for a 100", AWAITED, {
      headers: { "content-length": "abc" },
    }],
  ] as const
) {
  Deno.test(`serve() cancels the stream of a response that can't be sent: ${what}`, async () => {
    let cancelled = 0;
    const onError = () => new Response(null, { status: 500 });
    await using stage = new Stage({ onError }, () => {
      const stream = new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array(1));
        },
        cancel() {
          cancelled++;
        },
      });
      return new Response(stream, init);
    });
    const client = await stage.say(request);
    assertEquals([statusesOf(client), cancelled], [[500], 1]);
  });
}

Deno.test("serve() counts no request's time against a client that waits for a 100 (Continue)", async () => {
  let release = () => {};
  const wait = new Promise<void>((resolve) => release = resolve);
  await using stage = new Stage({ timeouts: { request: 20_000, body: 5_000 } }, async (request) => {
    await wait;
    return new Response(await request.text());
  });
  const client = await stage.say(AWAITED);
  await stage.advance(60_000);
  release();
  await turns(2);
  client.write("abc");
  await turns(2);
  assertEquals(statusesOf(client), [100, 200]);
});

Deno.test("serve() counts a request's time from its 100 (Continue), and from content that didn't wait for it", async () => {
  for (const wait of [Promise.resolve(), new Promise<void>(() => {})]) {
    await using stage = new Stage({ timeouts: { request: 20_000, body: 9_000 } }, async (request) => {
      await wait;
      return new Response(await request.text());
    });
    const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    const client = await stage.say(head);
    for (let drips = 0; drips < 4; drips++) {
      client.write("x");
      await stage.advance(6_000);
    }
    assertEquals(statusesOf(client).at(-1), 408);
  }
});

for (
  const [what, end] of [
    ["breaks off", (client: Client) => client.close()],
    ["breaks a rule", (client: Client) => client.write("not a chunk")],
    ["is answered before the end", () => {}],
  ] as const
) {
  for (const way of ["info.trailers", "trailersOf()"] as const) {
    Deno.test(`${way} that nobody waits for is no uncaught error where a request ${what}`, async () => {
      let asked: Promise<Headers> | undefined;
      await using stage = new Stage({}, async (request, info) => {
        asked = way === "info.trailers" ? info.trailers : trailersOf(request);
        if (what !== "is answered before the end") await request.text().catch(() => {});
        return new Response();
      });
      const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
      end(client);
      await turns(5);
      await assertRejects(() => asked ?? Promise.resolve());
    });
  }
}

Deno.test("info.trailers rejects for who asks after the content was cancelled", async () => {
  let told = "nothing";
  await using stage = new Stage({}, async (request, info) => {
    await request.body?.cancel();
    told = await standing(info.trailers);
    return new Response();
  });
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
  await turns(5);
  assertEquals([told, statusesOf(client)], ["rejected", [200]]);
});

Deno.test("serve() counts no idle time while a client still takes the last answer", async () => {
  await using stage = new Stage({ ...NARROW, timeouts: { idle: 5_000 } }, () => new Response(new Uint8Array(300_000)));
  const client = await stage.dial({ listens: false });
  client.write(get("/1"));
  await turns(2);
  const into = new Uint8Array(4096);
  for (let seconds = 0; seconds < 10; seconds++) {
    client.wire += latin1(into.subarray(0, await client.transport.read(into) ?? 0));
    await stage.advance(1_000);
  }
  client.listen();
  client.write(get("/2"));
  await turns(400);
  assertEquals(statusesOf(client), [200, 200]);
  await stage.advance(6_000);
  assert(client.ended);
});
