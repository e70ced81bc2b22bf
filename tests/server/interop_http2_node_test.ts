/**
 * Owns the tests of a server's HTTP/2 by Node's `http2` client. Must not know how the server does it.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { CERT_PATH, type Routes, run } from "./interop_app.ts";
import { http2Test, PAGE_ROUTES } from "./interop_http2_app.ts";

const path = (name: string) => new URL(`testdata/${name}`, import.meta.url).pathname;

/** How much `/made` makes, in bytes, in how large pieces. */
const MADE = 8_000_000;
const PIECE = 16_000;

/** Routes for what takes its time, each server's own. */
function slowRoutes(): Routes {
  let made = 0;
  let aborts = 0;
  const letGo = Promise.withResolvers<void>();
  const silence = Promise.withResolvers<Response>();
  return {
    "/made": () => {
      const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
        controller.enqueue(new Uint8Array(PIECE));
        made += PIECE;
        if (made === MADE) controller.close();
      };
      return new Response(new ReadableStream({ pull }));
    },
    "/made-so-far": () => new Response(String(made)),
    "/held": async (request) => {
      await letGo.promise;
      return new Response(String((await new Response(request.body).bytes()).length));
    },
    "/let-go": () => {
      letGo.resolve();
      return new Response();
    },
    "/silent": ({ signal }) => {
      signal.addEventListener("abort", () => {
        aborts++;
        silence.resolve(new Response());
      });
      return silence.promise;
    },
    "/aborted": () => new Response(String(aborts)),
  };
}

for (const over of ["TCP", "TLS"] as const) {
  const options = { programs: ["node"], over: [over], mayFail: true, routes: { ...PAGE_ROUTES, ...slowRoutes() } };
  http2Test("Node's http2 client", options, async ({ origin, errors }, test) => {
    const args = [path("http2_node_client.mjs"), origin, ...over === "TLS" ? [CERT_PATH] : []];
    const seen = JSON.parse((await run("node", args)).stdout);
    const { basics } = seen;

    await test.step("gets, over one connection", () => {
      assertEquals([basics.get.status, basics.get.text, basics.protocol], [200, "Hello, World!", "HTTP/2"]);
      assertEquals([basics.head.text, basics.head.headers["content-length"]], ["", "13"]);
      assertEquals([basics.none.status, basics.same.status, basics.missing], [204, 304, 404]);
      assertEquals(basics.octets, 1);
    });
    await test.step("sends content and trailers, and fields that are never indexed", () => {
      const request = JSON.parse(basics.posted.text);
      assertEquals([request.method, request.text, request.trailers], ["POST", "onetwo", [["x-check", "sum"]]]);
      const fields = new Map(JSON.parse(basics.secret.text).headers);
      assertEquals([fields.get("cookie"), fields.get("authorization")], ["a=b; c=d", "Basic eDp5"]);
      assertEquals(basics.large, 1_000_000);
    });
    await test.step("receives trailers, 103 and 100 (Continue), and takes a refusal for an answer", () => {
      const { text, trailers } = basics.trailers;
      assertEquals([text, { ...trailers }], ["content", { "x-digest": "sha-256=:AA==:" }]);
      assertEquals([basics.hints.text, basics.hints.informed], ["hinted", [[103, "</a.css>; rel=preload"]]]);
      assertEquals([basics.continued.informed, basics.continued.text], [[[100, null]], "waited"]);
      assertEquals([basics.refused.informed, basics.refused.status], [[], 413]);
    });
    await test.step("has a thousand requests at once, more than may be open", () => {
      assertEquals(seen.many, 1_000);
    });
    await test.step("takes what is pushed", () => {
      const { page, told, pushes } = seen.pushed;
      assertEquals([page, told], [200, "css js png"]);
      assertEquals(pushes.sort(), [["/asset.css", 200, 18_000], ["/asset.js", 200, 50_000], [
        "/asset.png",
        200,
        100_000,
      ]]);
    });
    await test.step("pings, and changes its settings under way", () => {
      const { rtt, lengths, maxConcurrentStreams, enableConnectProtocol } = seen.controlled;
      assertEquals(rtt, ["number", "8 octets"]);
      assertEquals(lengths, Array(5).fill([30_000, "sha-256=:AA==:"]).flat());
      assertEquals([maxConcurrentStreams, enableConnectProtocol], [128, true]);
    });
    await test.step("reads slowly, and so the handler makes slowly", () => {
      const { made, octets } = seen.slowReader;
      assertEquals(octets, MADE);
      assert(made < 400_000, `${made} bytes were made for a client that read none`);
    });
    await test.step("is held up by a handler that reads slowly", () => {
      const { sent, counted } = seen.slowServer;
      assertEquals(counted, 8_000_000);
      assert(sent < 200_000, `${sent} bytes were taken for a handler that read none`);
    });
    await test.step("gives up, and goes on with the connection", () => {
      assertEquals(seen.aborted, { signals: "1", after: "Hello, World!" });
    });
    await test.step({
      name: "opens a tunnel",
      ignore: over === "TLS", // it leads to the app itself, by plain TCP
      fn() {
        assertEquals(seen.tunnelled.status, 200);
        assertMatch(seen.tunnelled.text, /^HTTP\/1\.1 200 OK\r\n[^]*Hello, World!$/);
      },
    });
    await test.step("goes away, gracefully and not, and may come again", () => {
      assertEquals([seen.leaving, seen.cut, seen.after], [1_000_000, "cut", "Hello, World!"]);
      assert(errors.length <= 3, Deno.inspect(errors)); // what was cut
      for (const error of errors) assertMatch(String(error), /reset|closed|aborted|ended|pipe/i);
    });
  });
}
