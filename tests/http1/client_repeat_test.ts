import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import type { ClientConnection } from "../../http1/client_connection.ts";
import type { ResponseHead } from "../../http1/response.ts";
import { fromLatin1 } from "../vectors.ts";
import { connection, request, send } from "./client_exchange.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: b\r\n\r\n";

/** Asks, reads the answer in the pieces that `cuts` make of it, and gives its head and what came of the connection. */
function ask(core: ClientConnection, method: string, answer: string, cuts: readonly number[] = []): Asked {
  core.request(request(method), null, 0);
  send(core);
  const bytes = fromLatin1(answer);
  let start = 0;
  for (const end of [...cuts, bytes.length]) start += core.receive(bytes, start, end, 1);
  const events = core.events.splice(0);
  const first = events.find((event) => event.type === "head");
  return { head: first?.type === "head" ? first.head : undefined, kinds: events.map(({ type }) => type).join(" ") };
}

interface Asked {
  readonly head: ResponseHead | undefined;
  readonly kinds: string;
}

function facts({ head, kinds }: Asked): unknown[] {
  return [head?.status, head?.reason, head?.framing, head?.contentLength, head?.keepAlive, head?.fields(), kinds];
}

Deno.test("ClientConnection gives the head that it gave before where its octets are the same, on every split", () => {
  const answer = `${OK}hello`;
  for (let cut = 0; cut <= answer.length; cut++) {
    const core = connection();
    const first = ask(core, "GET", answer);
    const second = ask(core, "GET", answer, [cut]);
    const whole = cut === 0 || cut >= OK.length;
    assertEquals(first.head === second.head, whole, `${cut}`);
    const head = facts(second).slice(0, -1);
    assertEquals(head, facts(first).slice(0, -1), `${cut}`);
    assertEquals(core.readPhase, "idle", `${cut}`);
    const third = ask(core, "GET", answer);
    assertStrictEquals(third.head, second.head, `${cut}`);
  }
});

Deno.test("ClientConnection reads a head anew whose octets differ, or that answers another method (RFC 9112 §6.3)", () => {
  const core = connection();
  const first = ask(core, "GET", `${OK}hello`);
  const other = ask(core, "GET", `${OK.replace("x-a: b", "x-a: c")}hello`);
  assertNotStrictEquals(other.head, first.head);
  assertEquals(other.head?.fields()[1], { name: "x-a", value: "c" });
  const head = ask(core, "HEAD", OK);
  assertEquals([head.head?.framing, head.kinds, core.readPhase], ["none", "head end", "idle"]);
  const again = ask(core, "GET", `${OK}hello`);
  assertEquals([again.head?.framing, again.kinds, core.readPhase], ["length", "head data end", "idle"]);
  const longer = ask(core, "GET", `${OK.slice(0, -2)}x-b: c\r\n\r\nhello`);
  assertEquals(longer.head?.fields().length, 3);
  const shorter = ask(core, "GET", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  assertEquals(shorter.kinds, "head end");
});

Deno.test("ClientConnection keeps no large buffer for a head", () => {
  const core = connection();
  const large = (): ResponseHead | undefined => {
    core.request(request(), null, 0);
    send(core);
    const bytes = new Uint8Array(16 * 1024 + 1);
    bytes.set(fromLatin1(`${OK}hello`));
    core.receive(bytes, 0, OK.length + 5, 1);
    const event = core.events.splice(0)[0];
    return event?.type === "head" ? event.head : undefined;
  };
  const first = large();
  assert(first !== undefined);
  assertNotStrictEquals(large(), first);
});

Deno.test("ClientConnection says of each answer what a new connection says of it, whatever came before", () => {
  const answers: readonly [string, string][] = [
    ["GET", `${OK}hello`],
    ["GET", `${OK}world`],
    ["HEAD", OK],
    ["GET", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["GET", "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"],
    ["GET", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-t: u\r\n\r\n"],
  ];
  const sequence = fc.array(fc.tuple(fc.constantFrom(...answers), fc.nat({ max: 40 })), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(fc.property(sequence, (asks) => {
    const core = connection();
    for (const [[method, answer], cut] of asks) {
      const cuts = cut < answer.length ? [cut] : [];
      assertEquals(facts(ask(core, method, answer, cuts)), facts(ask(connection(), method, answer, cuts)));
    }
  }));
});
