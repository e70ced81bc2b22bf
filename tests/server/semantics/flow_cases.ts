/**
 * Owns the cases about content under way: large, streamed both ways at once, given up, failed. Must not know a version.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { withTrailers } from "../../../mod.ts";
import { type Case, patterned, streamOf } from "./case.ts";
import { answerOf, contentOf, readAtLeast } from "./client.ts";

const LARGE = 200_000;

/** What a promise came to. */
async function outcome(promise: Promise<unknown>): Promise<"resolved" | "rejected"> {
  const [{ status }] = await Promise.allSettled([promise]);
  return status === "fulfilled" ? "resolved" : "rejected";
}

/** The cases. */
export const FLOW_CASES: readonly Case[] = [
  {
    name: "sends large content whole, known or streamed",
    async run(start) {
      const content = patterned(LARGE);
      await using peer = await start(({ url }) => new Response(url.endsWith("/known") ? content : new Blob([content])));
      for (const target of ["/known", "/streamed"]) {
        const answer = await peer.ask({ target });
        assertEquals(answer.content.length, LARGE);
        assert(answer.content.every((byte, at) => byte === at % 251));
      }
    },
  },
  {
    name: "receives large content whole, its length announced or not",
    async run(start) {
      await using peer = await start(async (request) => {
        let length = 0;
        let right = true;
        for await (const piece of request.body ?? []) {
          for (const byte of piece) right &&= byte === length++ % 251;
        }
        return Response.json([length, right]);
      });
      const content = patterned(LARGE);
      assertEquals((await peer.ask({ method: "PUT", content })).text, `[${LARGE},true]`);
      const exchange = await (await peer.connection()).open({ method: "PUT", streamed: true });
      for (let at = 0; at < LARGE; at += 9999) await exchange.write(content.subarray(at, at + 9999));
      await exchange.end();
      assertEquals((await answerOf(exchange)).text, `[${LARGE},true]`);
    },
  },
  {
    name: "echoes a stream in full duplex: each piece comes back before the next is sent",
    async run(start) {
      await using peer = await start((request) => new Response(request.body));
      const exchange = await (await peer.connection()).open({ method: "POST", streamed: true });
      for (const text of ["one", "two", "three"]) {
        await exchange.write(text);
        assertEquals(new TextDecoder().decode(await readAtLeast(exchange, text.length)), text);
      }
      await exchange.end();
      assertEquals(await exchange.read(), null);
      assertEquals((await peer.ask({ method: "POST", content: "next" })).text, "next");
    },
  },
  {
    name: "echoes a large stream both ways at once, trailers and all",
    async run(start) {
      await using peer = await start((request, info) =>
        withTrailers(new Response(request.body), async () => new Headers([...await info.trailers]))
      );
      const content = patterned(LARGE);
      const exchange = await (await peer.connection()).open({
        method: "POST",
        streamed: true,
        fields: [["te", "trailers"]],
      });
      const writing = (async () => {
        for (let at = 0; at < LARGE; at += 10_007) await exchange.write(content.subarray(at, at + 10_007));
        await exchange.end([["x-end", "of it"]]);
      })();
      const echoed = await contentOf(exchange);
      await writing;
      assertEquals(echoed.length, LARGE);
      assert(echoed.every((byte, at) => byte === at % 251));
      assertEquals(exchange.trailers, [["x-end", "of it"]]);
    },
  },
  {
    name: "asks a client that waits for 100 (Continue) for the content that the answer is made of (RFC 9110 §10.1.1)",
    async run(start) {
      const failure = new Error("before the first piece");
      await using peer = await start(({ url, body }) => {
        return new Response(
          url.endsWith("/fails") ? new ReadableStream({ pull: () => Promise.reject(failure) }) : body,
        );
      }, { onError: (error) => new Response(String(error === failure), { status: 500 }) });
      const ask = async (target: string) => {
        const sending = { method: "POST", target, streamed: true, fields: [["expect", "100-continue"]] } as const;
        return await (await peer.connect()).open(sending);
      };
      const echo = await ask("/echo");
      assertEquals((await echo.informed()).status, 100);
      await echo.write("held back");
      await echo.end();
      assertEquals((await answerOf(echo)).text, "held back");
      const failed = await answerOf(await ask("/fails"));
      assertEquals([failed.interim, failed.status, failed.text], [[], 500, "true"]);
    },
  },
  {
    name: "answers before the content was read, and goes on with the next request",
    async run(start) {
      await using peer = await start(() => new Response("early"));
      for (let index = 0; index < 3; index++) {
        const answer = await peer.ask({ method: "POST", content: patterned(1000) });
        assertEquals([answer.status, answer.text], [200, "early"]);
      }
      assertEquals(peer.server.stats.connections, 1);
    },
  },
  {
    name: "makes no content before the client takes it",
    async run(start) {
      let pulled = 0;
      const cancelled = Promise.withResolvers<void>();
      await using peer = await start(() =>
        new Response(
          new ReadableStream({
            pull(controller) {
              pulled++;
              controller.enqueue(new Uint8Array(64 * 1024));
            },
            cancel: () => cancelled.resolve(),
          }, { highWaterMark: 0 }),
        )
      );
      const exchange = await (await peer.connection()).open({});
      await readAtLeast(exchange, 64 * 1024);
      const before = pulled;
      assert(before < 400, `${before} pieces were made for the first one that was read`); // 25 MB: sockets' buffers
      exchange.abort();
      await cancelled.promise;
    },
    fails: "HTTP/1.1",
  },
  {
    name: "fails the content, the signal and completed when the client gives up its upload",
    fails: "HTTP/1.1",
    async run(start) {
      const seen = Promise.withResolvers<unknown[]>();
      const begun = Promise.withResolvers<void>();
      await using peer = await start(async (request, info) => {
        const completed = outcome(info.completed);
        const reader = request.body!.getReader();
        await reader.read();
        begun.resolve();
        const error = await assertRejects(async () => {
          while (!(await reader.read()).done);
        });
        assertInstanceOf(error, Error);
        assert(request.signal.aborted);
        seen.resolve([await completed]);
        return new Response("nobody reads this");
      });
      const exchange = await (await peer.connection()).open({ method: "POST", streamed: true });
      await exchange.write("some");
      await begun.promise;
      exchange.abort();
      assertEquals(await seen.promise, ["rejected"]);
      await peer.server.shutdown();
      assertEquals(peer.server.stats.active, 0);
    },
  },
  {
    name: "cancels the stream, aborts the signal and rejects completed when the client gives up its download",
    fails: "HTTP/1.1",
    async run(start) {
      const cancelled = Promise.withResolvers<unknown>();
      const completed = Promise.withResolvers<string>();
      const aborted = Promise.withResolvers<void>();
      await using peer = await start((request, info) => {
        request.signal.addEventListener("abort", () => aborted.resolve());
        outcome(info.completed).then(completed.resolve);
        return new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array(16 * 1024)),
            cancel: cancelled.resolve,
          }),
        );
      });
      const exchange = await (await peer.connection()).open({});
      await readAtLeast(exchange, 100_000);
      exchange.abort();
      assertInstanceOf(await cancelled.promise, Error);
      await aborted.promise;
      assertEquals(await completed.promise, "rejected");
      await peer.server.shutdown();
      assertEquals([peer.server.stats.active, peer.server.stats.connections], [0, 0]);
    },
  },
  {
    name: "aborts the signal of a handler at work when its client goes away",
    fails: "perhaps", // whether the socket says so before the answer is written is its own affair
    async run(start) {
      const begun = Promise.withResolvers<void>();
      const aborted = Promise.withResolvers<unknown>();
      await using peer = await start(async (request) => {
        request.signal.addEventListener("abort", () => aborted.resolve(request.signal.reason));
        begun.resolve();
        await aborted.promise;
        return new Response("nobody reads this");
      });
      const exchange = await (await peer.connection()).open({});
      await begun.promise;
      exchange.abort();
      const reason = await aborted.promise;
      assertInstanceOf(reason, DOMException);
      assertEquals(reason.name, "AbortError");
    },
  },
  {
    name: "lets onError answer what a handler throws, at once or later",
    async run(start) {
      const told: unknown[] = [];
      await using peer = await start(({ url }) => {
        const error = new RangeError(`at ${new URL(url).pathname}`);
        if (url.endsWith("/later")) return Promise.reject(error);
        throw error;
      }, {
        onError(error) {
          told.push(error);
          return new Response(`caught: ${error instanceof Error ? error.message : error}`, { status: 503 });
        },
      });
      for (const target of ["/now", "/later"]) {
        const answer = await peer.ask({ target });
        assertEquals([answer.status, answer.text], [503, `caught: at ${target}`]);
      }
      assertEquals(told.map((error) => error instanceof RangeError), [true, true]);
    },
  },
  {
    name: "answers a handler's no response, a used one and an error response by onError",
    async run(start) {
      const told: unknown[] = [];
      const used = new Response("used");
      await used.text();
      const none = JSON.parse("null"); // what a program without types may give
      const bad: Record<string, Response> = { "/none": none, "/text": JSON.parse('"text"'), "/used": used };
      bad["/error"] = Response.error();
      await using peer = await start(({ url }) => bad[new URL(url).pathname]!, {
        onError(error) {
          told.push(error);
          return new Response("replaced", { status: 500 });
        },
      });
      for (const target of Object.keys(bad)) {
        const answer = await peer.ask({ target });
        assertEquals([answer.status, answer.text], [500, "replaced"], target);
      }
      assertEquals(told.map((error) => error instanceof TypeError), [true, true, true, true]);
    },
  },
  {
    name: "cuts an answer short whose stream fails, so that the client sees it",
    fails: true,
    async run(start) {
      const failure = new Error("the source failed");
      const completed = Promise.withResolvers<string>();
      await using peer = await start((_request, info) => {
        outcome(info.completed).then(completed.resolve);
        let pieces = 0;
        return new Response(
          new ReadableStream({
            pull(controller) {
              if (pieces++ < 2) controller.enqueue(new TextEncoder().encode("piece"));
              else controller.error(failure);
            },
          }),
        );
      });
      const exchange = await (await peer.connection()).open({});
      await assertRejects(() => answerOf(exchange));
      assertEquals(await completed.promise, "rejected");
      assert(peer.errors.includes(failure));
    },
  },
  {
    name: "cuts an answer short that is shorter or longer than its length",
    fails: true,
    async run(start) {
      await using peer = await start(({ url }) => {
        const headers = { "content-length": "5" };
        return new Response(url.endsWith("/short") ? streamOf("abc") : streamOf("abc", "def"), { headers });
      });
      for (const target of ["/short", "/long"]) {
        const connection = await peer.connect();
        await assertRejects(async () => answerOf(await connection.open({ target })), Error, undefined, target);
      }
      assertEquals(peer.errors.map((error) => error instanceof RangeError), [true, true]);
    },
  },
  {
    name: "refuses a stream of something else than bytes",
    fails: true,
    async run(start) {
      await using peer = await start(() => {
        const stream: ReadableStream = ReadableStream.from(["text"]);
        return new Response(stream);
      });
      const exchange = await (await peer.connection()).open({});
      await assertRejects(() => answerOf(exchange));
      assertInstanceOf(peer.errors[0], TypeError);
      assertStringIncludes(String(peer.errors[0]), "Uint8Array");
    },
  },
  {
    name: "fails a trailer section that may not be sent, and cuts the answer short",
    fails: true,
    async run(start) {
      await using peer = await start(() => withTrailers(new Response("a"), () => ({ "content-length": "1" })));
      const exchange = await (await peer.connection()).open({ fields: [["te", "trailers"]] });
      await assertRejects(() => answerOf(exchange));
      assertInstanceOf(peer.errors[0], TypeError);
    },
  },
];
