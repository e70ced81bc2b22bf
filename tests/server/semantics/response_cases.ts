/**
 * Owns the cases about how a handler's response reaches the client: status, fields, content, trailers, interim answers.
 * Must not know a version.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { withTrailers } from "../../../mod.ts";
import { type Case, patterned, streamOf } from "./case.ts";
import { answerOf, type Fields, valueOf } from "./client.ts";

const DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

/** Every kind of body, the content type that Fetch gives it (§6.5), and its content. */
const BODIES: readonly (readonly [make: () => BodyInit | null, type: string | null, content: string])[] = [
  [() => "text ä€", "text/plain;charset=UTF-8", "text ä€"],
  [() => "", "text/plain;charset=UTF-8", ""],
  [() => null, null, ""],
  [() => new Uint8Array([97, 98]), null, "ab"],
  [() => new Uint8Array([97, 98, 99]).subarray(1), null, "bc"],
  [() => new Uint8Array(0), null, ""],
  [() => new Uint8Array([97]).buffer, null, "a"],
  [() => new DataView(new Uint8Array([97, 98]).buffer, 1), null, "b"],
  [() => new Blob(["blob"], { type: "text/x-blob" }), "text/x-blob", "blob"],
  [() => new URLSearchParams({ a: "1 ä" }), "application/x-www-form-urlencoded;charset=UTF-8", "a=1+%C3%A4"],
  [() => streamOf("a", "", "stream"), null, "astream"],
  [() => streamOf(), null, ""],
];

/** The cases. */
export const RESPONSE_CASES: readonly Case[] = [
  {
    name: "sends every kind of body with its type",
    async run(start) {
      await using peer = await start((request) => {
        const index = Number(new URL(request.url).searchParams.get("body"));
        return new Response(BODIES[index]?.[0]());
      });
      for (const [index, [, type, content]] of BODIES.entries()) {
        const answer = await peer.ask({ target: `/?body=${index}` });
        assertEquals([answer.status, valueOf(answer.fields, "content-type"), answer.text], [200, type, content]);
      }
    },
  },
  {
    name: "announces the length of content that is known, and none of a stream",
    async run(start) {
      await using peer = await start(({ url }) => {
        if (url.endsWith("/text")) return new Response("€");
        return new Response(url.endsWith("/bytes") ? patterned(300) : streamOf("a", "b"));
      });
      const length = async (target: string) => valueOf((await peer.ask({ target })).fields, "content-length");
      assertEquals([await length("/text"), await length("/bytes"), await length("/stream")], ["3", "300", null]);
    },
  },
  {
    name: "sends a stream by the length that the handler announced",
    async run(start) {
      await using peer = await start(() => new Response(streamOf("ab", "c"), { headers: { "content-length": "3" } }));
      const answer = await peer.ask();
      assertEquals([answer.text, valueOf(answer.fields, "content-length")], ["abc", "3"]);
    },
  },
  {
    name: "sends FormData that the client parses back",
    async run(start) {
      await using peer = await start(() => {
        const form = new FormData();
        form.append("a", "ä");
        form.append("b", new File(["file"], "name", { type: "text/plain" }));
        return new Response(form);
      });
      const { content, fields } = await peer.ask();
      const headers = { "content-type": valueOf(fields, "content-type") ?? "" };
      const form = await new Response(content, { headers }).formData();
      assertEquals([form.get("a"), [...form.keys()]], ["ä", ["a", "b"]]);
    },
  },
  {
    name: "sends Response.json() and statuses as they are",
    async run(start) {
      await using peer = await start(({ url }) => Response.json({ a: [1] }, { status: Number(url.slice(-3)) }));
      for (const status of [200, 201, 299, 400, 404, 418, 500, 599]) {
        const answer = await peer.ask({ target: `/${status}` });
        assertEquals([answer.status, answer.text], [status, '{"a":[1]}']);
        assertEquals(valueOf(answer.fields, "content-type"), "application/json");
      }
    },
  },
  {
    name: "sends no content with 204, 205 and 304, nor a length with 204 (RFC 9110 §8.6, §15.3.6)",
    async run(start) {
      await using peer = await start(({ url }) => {
        const status = Number(url.slice(-3));
        return new Response(null, { status, headers: { etag: '"a"' } });
      });
      for (const status of [204, 205, 304]) {
        const answer = await peer.ask({ target: `/${status}` });
        assertEquals([answer.status, answer.text, valueOf(answer.fields, "etag")], [status, "", '"a"']);
        if (status === 204) assertEquals(valueOf(answer.fields, "content-length"), null);
      }
      assertEquals((await peer.ask({ target: "/200" })).status, 200);
    },
  },
  {
    name: "answers HEAD as GET, without the content (RFC 9110 §9.3.2)",
    async run(start) {
      let cancelled = 0;
      await using peer = await start(({ url }) => {
        if (url.endsWith("/text")) return new Response("text");
        return new Response(new ReadableStream({ cancel: () => void cancelled++ }), { headers: { "x-a": "b" } });
      });
      const head = await peer.ask({ method: "HEAD", target: "/text" });
      const get = await peer.ask({ target: "/text" });
      const without = (fields: Fields) => fields.filter(([name]) => name !== "date");
      assertEquals(without(head.fields), without(get.fields));
      assertEquals([head.text, get.text], ["", "text"]);
      const stream = await peer.ask({ method: "HEAD", target: "/stream" });
      assertEquals([stream.text, valueOf(stream.fields, "x-a"), cancelled], ["", "b", 1]);
    },
  },
  {
    name: "sends a date, unless the handler did (RFC 9110 §6.6.1)",
    async run(start) {
      const own = "Sun, 06 Nov 1994 08:49:37 GMT";
      await using peer = await start(({ url }) =>
        url.endsWith("/own") ? new Response("", { headers: { date: own } }) : new Response("a")
      );
      const dates = async (target: string) => (await peer.ask({ target })).fields.filter(([name]) => name === "date");
      const [made] = await dates("/");
      assertMatch(made?.[1] ?? "", DATE);
      assertEquals(await dates("/own"), [["date", own]]);
    },
  },
  {
    name: "sends every set-cookie as a field of its own (RFC 6265 §3)",
    async run(start) {
      await using peer = await start(() => {
        const headers = new Headers([["set-cookie", "a=1; Path=/"], ["set-cookie", "b=2, c"], ["x-a", "1"], [
          "x-a",
          "2",
        ]]);
        return new Response("cookies", { headers });
      });
      const { fields } = await peer.ask();
      assertEquals(fields.filter(([name]) => name === "set-cookie").map(([, value]) => value), [
        "a=1; Path=/",
        "b=2, c",
      ]);
      assertEquals(valueOf(fields, "x-a"), "1, 2");
    },
  },
  {
    name: "sends header values octet by octet",
    async run(start) {
      const value = "caf\xe9\t\xa0\xff";
      await using peer = await start(() => new Response("", { headers: { "x-latin-1": `a${value}z` } }));
      assertEquals(valueOf((await peer.ask()).fields, "x-latin-1"), `a${value}z`);
    },
  },
  {
    name: "sends a head of more than 16 KiB: one long field, and many",
    async run(start) {
      const long = "x".repeat(20_000);
      await using peer = await start(() => {
        const headers = new Headers({ "x-long": long });
        for (let index = 0; index < 1000; index++) headers.append(`x-field-${index}`, "v".repeat(30));
        return new Response("behind", { headers });
      });
      const { fields, text } = await peer.ask();
      assertEquals([valueOf(fields, "x-long"), text], [long, "behind"]);
      assertEquals(fields.filter(([name]) => name.startsWith("x-field-")).length, 1000);
    },
  },
  {
    name: "sends redirects",
    async run(start) {
      await using peer = await start(() => Response.redirect("http://example.com/there", 307));
      const { status, fields, text } = await peer.ask();
      assertEquals([status, valueOf(fields, "location"), text], [307, "http://example.com/there", ""]);
    },
  },
  {
    name: "sends trailers to a client that takes them (RFC 9110 §6.5)",
    async run(start) {
      let count = 0;
      await using peer = await start(({ url }) => {
        if (url.endsWith("/known")) return withTrailers(new Response("known"), { "x-known": "yes" });
        const body = streamOf("a", "b").pipeThrough(
          new TransformStream({
            transform(piece, controller) {
              count++;
              controller.enqueue(piece);
            },
          }),
        );
        return withTrailers(new Response(body), async () => ({ "x-count": String(await count) }));
      });
      const fields: Fields = [["te", "trailers"]];
      const stream = await peer.ask({ fields });
      assertEquals([stream.text, stream.trailers], ["ab", [["x-count", "2"]]]);
      const known = await peer.ask({ fields, target: "/known" });
      assertEquals([known.text, known.trailers], ["known", [["x-known", "yes"]]]);
      assertEquals(valueOf(known.fields, "trailer"), "x-known");
      assertEquals((await peer.ask({ fields, target: "/known", method: "HEAD" })).trailers, []);
    },
  },
  {
    name: "sends interim answers before the final one (RFC 9110 §15.2, RFC 8297)",
    async run(start) {
      const hinted = Promise.withResolvers<void>();
      await using peer = await start(async (_request, info) => {
        await info.inform(103, { link: "</a.css>; rel=preload" });
        await info.inform(102);
        await hinted.promise;
        await info.inform(103, [["link", "</b.css>; rel=preload"]]);
        return new Response("final");
      });
      const exchange = await (await peer.connection()).open({});
      const first = await exchange.informed(); // long before the final answer exists
      assertEquals([first.status, valueOf(first.fields, "link")], [103, "</a.css>; rel=preload"]);
      hinted.resolve();
      const answer = await answerOf(exchange);
      assertEquals(answer.interim.map(({ status }) => status), [103, 102, 103]);
      assertEquals([answer.status, answer.text, valueOf(answer.fields, "link")], [200, "final", null]);
      assertEquals((await peer.ask({ method: "HEAD" })).interim.length, 3);
    },
  },
  {
    name: "refuses interim answers that are none, or too late",
    async run(start) {
      const late = Promise.withResolvers<void>();
      await using peer = await start(async (_request, info) => {
        for (const status of [99, 100, 101, 200, 102.5, NaN]) {
          await assertRejects(() => info.inform(status), RangeError);
        }
        await assertRejects(() => info.inform(103, { "x-a": "b\r\nc: d" }), TypeError);
        info.completed.then(() => assertRejects(() => info.inform(103), TypeError)).then(
          () => late.resolve(),
          late.reject,
        );
        return new Response("final");
      });
      const answer = await peer.ask();
      assertEquals([answer.interim, answer.text], [[], "final"]);
      await late.promise;
    },
  },
  {
    name: "resolves info.completed once the answer has left",
    async run(start) {
      const completed: Promise<void>[] = [];
      await using peer = await start(({ url }, info) => {
        completed.push(info.completed);
        return new Response(url.endsWith("/stream") ? streamOf("a", "b") : "text");
      });
      for (const target of ["/", "/stream"]) await peer.ask({ target });
      assertEquals(await Promise.all(completed), [undefined, undefined]);
      assertEquals(peer.server.stats.active, 0);
    },
  },
  {
    name: "takes a promise of a response, a clone, and a Response of a Response's body",
    async run(start) {
      await using peer = await start(async ({ url }) => {
        const response = new Response("content", { headers: { "x-a": "b" } });
        if (url.endsWith("/clone")) return response.clone();
        await Promise.resolve();
        return new Response(response.body, response);
      });
      for (const target of ["/", "/clone"]) {
        const answer = await peer.ask({ target });
        assertEquals([answer.text, valueOf(answer.fields, "x-a")], ["content", "b"]);
      }
    },
  },
  {
    name: "serves many requests on one connection, and many connections at once",
    async run(start) {
      await using peer = await start((request) => new Response(new URL(request.url).pathname));
      for (let index = 0; index < 50; index++) {
        assertEquals((await peer.ask({ target: `/${index}` })).text, `/${index}`);
      }
      assertEquals(peer.server.stats.connections, 1);
      const answers = await Promise.all(Array.from({ length: 20 }, async (_, index) => {
        const connection = await peer.connect();
        const { text } = await answerOf(await connection.open({ target: `/${index}` }));
        connection.close();
        return text;
      }));
      assertEquals(answers, Array.from({ length: 20 }, (_, index) => `/${index}`));
      assertEquals(peer.server.stats.requests, 70);
    },
  },
  {
    name: "leaves out the fields that are the connection's to say",
    async run(start) {
      await using peer = await start(() =>
        new Response("text", {
          headers: { "transfer-encoding": "gzip", "keep-alive": "timeout=5", "content-length": "99" },
        })
      );
      const { fields, text } = await peer.ask();
      assertEquals([valueOf(fields, "transfer-encoding"), valueOf(fields, "keep-alive")], [null, null]);
      assertEquals([valueOf(fields, "content-length"), text], ["4", "text"]);
      assert((await peer.ask()).text === "text");
    },
  },
];
