/**
 * Owns the proof of how a fetch ends before its time: by its signal, or by a deadline, in each of its phases.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { type FetchInit, HttpClient } from "../../client/mod.ts";
import { OK, type Peer, rejection, type Stage, stage, until } from "./peer.ts";

/** A fetch that has come as far as a phase; gives what is to fail. */
type Reach = (set: Stage, init: FetchInit) => Promise<{ failing: Promise<unknown>; peer?: Peer }>;

const PHASES: Record<string, Reach> = {
  dial: (set, init) => Promise.resolve({ failing: set.client.fetch("http://slow/", init) }),
  queue: async (set, init) => {
    const first = set.client.fetch("http://a/");
    first.catch(() => {}); // ends with the stage
    await (await set.accept()).head();
    return { failing: set.client.fetch("http://a/", init) };
  },
  upload: async (set, init) => {
    const failing = set.client.fetch("http://a/", { ...init, method: "PUT", body: new ReadableStream() });
    const peer = await set.accept();
    await peer.head();
    return { failing, peer };
  },
  head: async (set, init) => {
    const failing = set.client.fetch("http://a/", init);
    const peer = await set.accept();
    await peer.head();
    return { failing, peer };
  },
  body: async (set, init) => {
    const response = set.client.fetch("http://a/", init);
    const peer = await set.accept();
    await peer.answer("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell");
    return { failing: (await response).text(), peer };
  },
  "body as a stream": async (set, init) => {
    const response = set.client.fetch("http://a/", init);
    const peer = await set.accept();
    await peer.answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n");
    const reader = (await response).body!.getReader();
    await reader.read();
    return { failing: reader.read(), peer };
  },
};

/** A client that can have one connection to `a`, and never one to `slow`. */
function slowStage(): Stage {
  const set = stage({ limits: { maxConnectionsPerOrigin: 1 } });
  return set;
}

for (const [phase, reach] of Object.entries(PHASES)) {
  Deno.test(`HttpClient.fetch rejects with the signal's reason when aborted: ${phase}`, async () => {
    using set = slowStage();
    const controller = new AbortController();
    const { failing, peer } = await reach(set, { signal: controller.signal });
    const reason = new Error("enough");
    controller.abort(reason);
    assertStrictEquals(await rejection(failing), reason);
    if (peer !== undefined) {
      assertEquals(await peer.readToEnd().catch(() => ""), "", "the connection has ended");
      assertEquals(set.client.connections, 0);
    }
  });

  Deno.test(`HttpClient.fetch rejects with a TimeoutError when it takes too long as a whole: ${phase}`, async () => {
    using set = slowStage();
    const { failing } = await reach(set, { timeout: 1_000 });
    failing.catch(() => {}); // looked at below
    set.clock.advance(999);
    set.clock.advance(1);
    const error = await rejection(failing);
    assert(error instanceof DOMException);
    assertEquals([error.name, error.message], [
      "TimeoutError",
      "Cannot fetch as the whole of it took longer than 1000 ms",
    ]);
  });
}

Deno.test("HttpClient.fetch doesn't begin with a signal that has aborted", async () => {
  using set = stage();
  assertEquals(await rejection(set.client.fetch("http://a/", { signal: AbortSignal.abort("no") })), "no");
  assertEquals(set.dials, 0);
});

Deno.test("HttpClient.fetch leaves a response alone that was whole when its signal aborted", async () => {
  using set = stage();
  const controller = new AbortController();
  const response = set.client.fetch("http://a/", { signal: controller.signal });
  await (await set.accept()).answer();
  await response;
  controller.abort();
  assertEquals([await (await response).text(), set.client.connections], ["hello", 1]);
});

Deno.test("HttpClient gives up a dial that nobody waits for any more", async () => {
  const signals: AbortSignal[] = [];
  using set = stage({
    connect: ({ signal }) => {
      signals.push(signal);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  });
  const controller = new AbortController();
  const first = set.client.fetch("http://a/", { signal: controller.signal });
  const second = set.client.fetch("http://a/");
  second.catch(() => {}); // ends with the stage
  assertEquals(signals.map(({ aborted }) => aborted), [false, false]);
  controller.abort("enough");
  await rejection(first);
  await until(() => set.client.connections === 1);
  assertEquals(signals.filter(({ aborted }) => aborted).length, 1);
});

Deno.test("HttpClient names each deadline and its figure", async () => {
  const timeouts = { dial: 10, head: 20, body: 30, write: 40 };
  const dialling = stage({ timeouts, connect: () => new Promise(() => {}) });
  using _dialling = dialling;
  const rows: [string, () => Promise<{ set: Stage; failing: Promise<unknown> }>, number, RegExp][] = [
    [
      "dial",
      () => Promise.resolve({ set: dialling, failing: dialling.client.fetch("http://a/") }),
      10,
      /connect .*10 ms/,
    ],
    [
      "head",
      async () => {
        const set = stage({ timeouts });
        return { set, failing: (await PHASES["head"]!(set, {})).failing };
      },
      20,
      /the response's head took longer than 20 ms/,
    ],
    [
      "body",
      async () => {
        const set = stage({ timeouts });
        return { set, failing: (await PHASES["body"]!(set, {})).failing };
      },
      30,
      /the next piece of the response's content took longer than 30 ms/,
    ],
    [
      "write",
      async () => {
        const set = stage({ timeouts });
        const body = new Uint8Array(1024 * 1024);
        const failing = set.client.fetch("http://a/", { method: "PUT", body });
        await (await set.accept()).head();
        return { set, failing };
      },
      40,
      /the sending of the request took longer than 40 ms/,
    ],
  ];
  for (const [phase, make, limit, message] of rows) {
    const { set, failing } = await make();
    failing.catch(() => {}); // looked at below
    await until(() => true);
    set.clock.advance(limit - 1);
    set.clock.advance(phase === "write" ? limit : 1);
    const error = await rejection(failing);
    assert(error instanceof DOMException, `${phase}: ${error}`);
    assertEquals(error.name, "TimeoutError", phase);
    assertMatch(error.message, message);
    set[Symbol.dispose]();
  }
});

Deno.test("HttpClient has one deadline for the next piece of content, however often pieces come", async () => {
  using set = stage({ timeouts: { body: 100 } });
  const fetching = set.client.fetch("http://a/");
  const peer = await set.accept();
  await peer.answer("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
  const text = (await fetching).text();
  for (const octet of "hello") {
    set.clock.advance(90);
    await peer.write(octet);
    await until(() => true);
  }
  assertEquals(await text, "hello");
});

Deno.test("HttpClient cancels the request's body when the fetch is aborted", async () => {
  using set = stage();
  const controller = new AbortController();
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream({ cancel: (reason) => cancelled.resolve(reason) });
  const response = set.client.fetch("http://a/", { method: "PUT", body, signal: controller.signal });
  response.catch(() => {}); // its reason is the test's own
  await (await set.accept()).head();
  controller.abort("enough");
  assertEquals(await cancelled.promise, "enough");
});

Deno.test("HttpClient cancels the request's body of which nothing was sent", async () => {
  const refused = () => Promise.reject(new Error("no network here"));
  const rows: [string, unknown, (body: ReadableStream) => Promise<Response>][] = [
    ["the signal had aborted", "enough", (body) => {
      using set = stage();
      return set.client.fetch("http://a/", { method: "PUT", body, signal: AbortSignal.abort("enough") });
    }],
    ["it was aborted before there was a connection", "enough", async (body) => {
      await using client = new HttpClient({ connect: () => new Promise(() => {}) });
      const controller = new AbortController();
      const response = client.fetch("http://a/", { method: "PUT", body, signal: controller.signal });
      controller.abort("enough");
      return await response;
    }],
    ["no connection could be opened", "no network here", async (body) => {
      await using client = new HttpClient({ connect: refused });
      return await client.fetch("http://a/", { method: "PUT", body });
    }],
    ["the server answers in place of a 100", 413, async (body) => {
      using set = stage();
      const headers = { expect: "100-continue" };
      const response = set.client.fetch("http://a/", { method: "PUT", body, headers });
      await (await set.accept()).answer("HTTP/1.1 413 \r\ncontent-length: 0\r\n\r\n");
      return await response;
    }],
    ["a redirect leaves it behind", 200, async (body) => {
      using set = stage();
      const headers = { expect: "100-continue" };
      const response = set.client.fetch("http://a/", { method: "PUT", body, headers });
      await (await set.accept()).answer("HTTP/1.1 303 \r\nlocation: /b\r\ncontent-length: 0\r\n\r\n");
      await (await set.accept()).answer();
      return await response;
    }],
  ];
  for (const [name, expected, ask] of rows) {
    let cancels = 0;
    const body = new ReadableStream({ cancel: () => void cancels++ });
    const outcome: unknown = await ask(body).catch((error: unknown) => error);
    if (outcome instanceof Error) assertMatch(outcome.message, new RegExp(`${expected}$`), name);
    else assertEquals(outcome instanceof Response ? outcome.status : outcome, expected, name);
    assertEquals(cancels, 1, name);
  }
});

Deno.test("HttpClient keeps no listener on a signal once a fetch is over", async () => {
  using set = stage();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  const first = set.client.fetch("http://a/", { signal });
  const peer = await set.accept();
  assertEquals(listeners, 1);
  await peer.answer(OK);
  await (await first).text();
  const second = set.client.fetch("http://a/", { signal });
  await peer.head();
  peer.close();
  const third = await set.accept();
  await third.answer(OK);
  await second;
  assertEquals(listeners, 0);
});
