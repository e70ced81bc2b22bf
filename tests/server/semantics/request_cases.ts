/**
 * Owns the cases about what a handler sees of a request: method, URL, fields, content, trailers. Must not know a version.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { BodyTooLargeError, trailersOf } from "../../../mod.ts";
import { AUTHORITY } from "./carriers.ts";
import { type Case, patterned } from "./case.ts";
import { answerOf, type Fields } from "./client.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "QUERY", "M-SEARCH", "get"];

const FORM: Fields = [["content-type", "application/x-www-form-urlencoded"]];

/** What any message with content has: the form's fields, or those of what the platform makes of a body. */
async function encoded(body: BodyInit): Promise<{ fields: Fields; content: Uint8Array }> {
  const response = new Response(body);
  return { fields: [["content-type", response.headers.get("content-type") ?? ""]], content: await response.bytes() };
}

/** The cases. */
export const REQUEST_CASES: readonly Case[] = [
  {
    name: "hands on every method as it came (RFC 9110 §9.1)",
    async run(start) {
      await using peer = await start((request) => new Response(null, { headers: { "x-method": request.method } }));
      for (const method of METHODS) {
        const answer = await peer.ask({ method });
        assertEquals([answer.status, answer.fields.find(([name]) => name === "x-method")?.[1]], [200, method]);
      }
      assertEquals(peer.server.stats.requests, METHODS.length);
    },
  },
  {
    name: "makes request.url of scheme, host and target (RFC 9110 §7.1)",
    async run(start) {
      await using peer = await start((request) => new Response(request.url));
      const url = async (target: string) => (await peer.ask({ target })).text;
      for (const target of ["/", "/a/b?c=d&e", "/%E4%B8%AD?%20", "//double//", "/a?b?c", "/:80", "/?", "/a@b"]) {
        assertEquals(await url(target), peer.origin + target);
      }
      assertEquals(await url("/a/./b/../c"), `${peer.origin}/a/c`);
    },
  },
  {
    name: "takes the target in absolute form, whatever Host says (RFC 9112 §3.2.2)",
    only: "HTTP/1.1", // HTTP/2 has no such form: the parts of a target are fields of their own (RFC 9113 §8.3.1)
    async run(start) {
      await using peer = await start((request) => Response.json([request.url, request.headers.get("host")]));
      const ask = async (target: string) => JSON.parse((await peer.ask({ target })).text);
      assertEquals(await ask("http://example.com/a?b"), ["http://example.com/a?b", AUTHORITY]);
      assertEquals(await ask("HTTP://example.com:81"), ["http://example.com:81/", AUTHORITY]);
    },
  },
  {
    name: "takes OPTIONS * (RFC 9110 §9.3.7)",
    async run(start) {
      await using peer = await start((request) => Response.json([request.method, request.url]));
      const answer = await peer.ask({ method: "OPTIONS", target: "*" });
      assertEquals(JSON.parse(answer.text), ["OPTIONS", `${peer.origin}/*`]);
    },
  },
  {
    name: "gives header values octet by octet and joins those that repeat (RFC 9110 §5.2, §5.5)",
    async run(start) {
      await using peer = await start((request) => Response.json([...request.headers]));
      const fields: Fields = [["x-latin-1", "caf\xe9 \xff"], ["x-twice", "a"], ["x-twice", "b"], ["x-empty", ""]];
      const seen = new Map<string, string>(JSON.parse((await peer.ask({ fields })).text));
      assertEquals(seen.get("x-latin-1"), "caf\xe9 \xff");
      assertEquals([seen.get("x-twice"), seen.get("x-empty"), seen.get("host")], ["a, b", "", AUTHORITY]);
    },
  },
  {
    name: "says that there is no content by a null body, and gives an empty one where zero bytes come",
    async run(start) {
      await using peer = await start(async (request) => {
        const body = request.body === null ? "null" : "stream";
        return Response.json([body, await request.text()]);
      });
      assertEquals(JSON.parse((await peer.ask({ method: "POST" })).text), ["null", ""]);
      assertEquals(JSON.parse((await peer.ask({ method: "POST", content: "" })).text), ["null", ""]);
      const exchange = await (await peer.connection()).open({ method: "POST", streamed: true });
      await exchange.end();
      assertEquals((await answerOf(exchange)).text, '["stream",""]');
    },
  },
  {
    name: "reads content of an announced length as text, json, bytes, arrayBuffer and blob",
    async run(start) {
      const ways: Record<string, (request: Request) => Promise<unknown>> = {
        "/text": (request) => request.text(),
        "/json": async (request) => JSON.stringify(await request.json()),
        "/bytes": async (request) => new TextDecoder().decode(await request.bytes()),
        "/arrayBuffer": async (request) => new TextDecoder().decode(await request.arrayBuffer()),
        "/blob": async (request) => await (await request.blob()).text(),
      };
      await using peer = await start(async (request) => {
        const read = ways[new URL(request.url).pathname];
        return new Response(String(await read?.(request)));
      });
      const content = '{"ä":[1,"€"]}';
      for (const target of Object.keys(ways)) {
        assertEquals((await peer.ask({ method: "POST", target, content })).text, content, target);
      }
    },
  },
  {
    name: "reads content of unknown length, in whichever pieces it comes",
    async run(start) {
      await using peer = await start(async (request) => new Response(await request.bytes()));
      const sent = patterned(5000);
      for (const size of [1, 8, 333, 5000]) {
        const exchange = await (await peer.connection()).open({ method: "PUT", streamed: true });
        const step = size === 1 ? 50 : sent.length; // single bytes cost a round of packets each: 50 of them do
        for (let at = 0; at < step; at += size) await exchange.write(sent.subarray(at, Math.min(at + size, step)));
        await exchange.end();
        assertEquals((await exchange.head()).status, 200);
        let length = 0;
        for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
          for (const byte of piece) assertEquals(byte, sent[length++]);
        }
        assertEquals(length, step);
      }
    },
  },
  {
    name: "parses a urlencoded form and a multipart one with a file",
    async run(start) {
      await using peer = await start(async (request) => {
        const entries: unknown[] = [];
        for (const [name, value] of await request.formData()) {
          entries.push([name, typeof value === "string" ? value : [value.name, value.type, await value.text()]]);
        }
        return Response.json(entries);
      });
      const ask = async (sending: { fields: Fields; content: string | Uint8Array }) =>
        JSON.parse((await peer.ask({ method: "POST", ...sending })).text);
      assertEquals(await ask({ fields: FORM, content: "a=1&b=%C3%A4+x&a=" }), [["a", "1"], ["b", "ä x"], ["a", ""]]);
      assertEquals(await ask(await encoded(new URLSearchParams({ q: "€" }))), [["q", "€"]]);
      const form = new FormData();
      form.append("text", "värde\r\n--");
      form.append("file", new File(["con\0tent"], "ä.txt", { type: "text/plain" }));
      assertEquals(await ask(await encoded(form)), [
        ["text", "värde\r\n--"],
        ["file", ["ä.txt", "text/plain", "con\0tent"]],
      ]);
    },
  },
  {
    name: "gives the type of a blob to the content that it is sent as",
    async run(start) {
      await using peer = await start(async (request) => {
        const blob = await request.blob();
        return Response.json([blob.type, blob.size]);
      });
      const sending = await encoded(new Blob(["12345"], { type: "image/x-test" }));
      assertEquals(JSON.parse((await peer.ask({ method: "POST", ...sending })).text), ["image/x-test", 5]);
    },
  },
  {
    name: "lets a request be cloned, copied and read by both",
    async run(start) {
      await using peer = await start(async (request) => {
        const clone = request.clone();
        const copy = new Request(request);
        assertInstanceOf(copy, Request);
        assertEquals([request.bodyUsed, clone.bodyUsed], [true, false]);
        return Response.json([await copy.text(), await clone.text(), clone.headers.get("x-a"), clone.method]);
      });
      const answer = await peer.ask({ method: "PATCH", fields: [["x-a", "b"]], content: "content" });
      assertEquals(JSON.parse(answer.text), ["content", "content", "b", "PATCH"]);
    },
  },
  {
    name: "refuses to read content twice",
    async run(start) {
      await using peer = await start(async (request) => {
        const text = await request.text();
        await assertRejects(() => request.json(), TypeError);
        return new Response(text);
      });
      assertEquals((await peer.ask({ method: "POST", content: "once" })).text, "once");
    },
  },
  {
    name: "answers 413 where text() would take more than the limit (RFC 9110 §15.5.14)",
    async run(start) {
      const seen: unknown[] = [];
      await using peer = await start(async (request) => {
        try {
          return new Response(await request.text());
        } catch (error) {
          seen.push(error);
          throw error;
        }
      }, { limits: { maxBodyBytes: 8 } });
      assertEquals((await peer.ask({ method: "POST", content: "12345678" })).text, "12345678");
      assertEquals((await peer.ask({ method: "POST", content: "123456789" })).status, 413);
      assertInstanceOf(seen[0], BodyTooLargeError);
    },
  },
  {
    name: "gives a request's trailers once its content was read (RFC 9110 §6.5)",
    async run(start) {
      await using peer = await start(async (request, info) => {
        const text = await request.text();
        const sent = await trailersOf(request);
        assertEquals([...await info.trailers], [...sent]);
        return Response.json([text, [...sent]]);
      });
      const exchange = await (await peer.connection()).open({
        method: "POST",
        streamed: true,
        fields: [["trailer", "x-digest, x-count"]],
      });
      await exchange.write("with ");
      await exchange.write("trailers");
      await exchange.end([["x-digest", "sha-256=:AA==:"], ["x-count", "2"]]);
      const { text } = await answerOf(exchange);
      assertEquals(JSON.parse(text), ["with trailers", [["x-count", "2"], ["x-digest", "sha-256=:AA==:"]]]);
    },
  },
  {
    name: "gives no trailers where none came",
    async run(start) {
      await using peer = await start(async (request, info) => {
        await request.bytes();
        return Response.json([...await info.trailers]);
      });
      assertEquals((await peer.ask()).text, "[]");
      assertEquals((await peer.ask({ method: "POST", content: "a" })).text, "[]");
    },
  },
  {
    name: "says who asked, where and by which version",
    async run(start) {
      await using peer = await start((_request, { remoteAddr, localAddr, protocol }) =>
        Response.json({ remoteAddr, localAddr, protocol })
      );
      const { carrier, server } = peer;
      const seen = JSON.parse((await peer.ask()).text);
      assertEquals(seen.protocol, carrier.protocol);
      assertEquals([seen.remoteAddr.transport, seen.localAddr.transport], [carrier.transport, carrier.transport]);
      // Deno before 2.9 leaves out the kind of a TLS listener's address.
      assertEquals(seen.localAddr, { transport: carrier.transport, ...JSON.parse(JSON.stringify(server.addr)) });
      const { localAddr } = await peer.dial();
      if (localAddr.transport === "tcp") {
        assertEquals(seen.remoteAddr.hostname, localAddr.hostname);
        assert(seen.remoteAddr.port > 0 && seen.remoteAddr.port !== seen.localAddr.port);
      }
    },
  },
  {
    name: "leaves the signal alone after success, also once the client has gone",
    async run(start) {
      const signals: AbortSignal[] = [];
      await using peer = await start((request) => {
        signals.push(request.signal);
        return new Response("ok");
      });
      for (let count = 0; count < 2; count++) {
        const connection = await peer.connect();
        assertEquals((await answerOf(await connection.open({}))).text, "ok");
        connection.close();
      }
      await peer.server.shutdown();
      assertEquals(signals.map(({ aborted }) => aborted), [false, false]);
    },
  },
  {
    name: "gives one Request per request, with a signal of its own",
    async run(start) {
      const requests = new Set<Request>();
      const signals = new Set<AbortSignal>();
      await using peer = await start((request) => {
        requests.add(request);
        signals.add(request.signal);
        assertStrictEquals(request.signal, request.signal);
        return new Response(request.headers.get("x-number"));
      });
      for (const number of ["1", "2", "3"]) {
        assertEquals((await peer.ask({ fields: [["x-number", number]] })).text, number);
      }
      assertEquals([requests.size, signals.size], [3, 3]);
    },
  },
];
