/**
 * Owns the proof of what a whole client makes of responses off the wire: the smuggling cases on every split, and what its
 * caller sees when the peer dies, octet by octet.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { ConnectionLostError } from "../../client/mod.ts";
import { ProtocolError } from "../../http/mod.ts";
import { loadVectors, vectorTest } from "../vectors.ts";
import { type Expected, octetsOf, type ResponseCase } from "../http1/smuggling_cases.ts";
import { turns } from "../net/turns.ts";
import { rejection, stage, until } from "./peer.ts";

/** What a caller sees of one answer. */
interface Seen {
  /** The status; 0 where `fetch` rejected. */
  readonly status: number;
  /** The body, or `undefined` where reading it failed. */
  readonly body: string | undefined;
  /** Whether the connection is kept. */
  readonly kept: boolean;
  /** What it failed with. */
  readonly error: unknown;
}

/** Fetches, gives the answer in pieces, each once the one before has been taken, and looks at what comes of it. */
async function see(pieces: readonly Uint8Array[], method: string, closes: boolean): Promise<Seen> {
  using set = stage();
  const fetching = set.client.fetch("http://localhost/", { method });
  fetching.catch(() => {}); // looked at below
  const peer = await set.accept();
  await peer.head();
  try {
    for (const piece of pieces) {
      await peer.write(piece);
      await turns(6);
    }
    if (closes) await peer.end();
  } catch (error) {
    const gone = error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
    assert(gone, `${error}`); // the client has seen enough
  }
  let status = 0;
  try {
    const response = await fetching;
    status = response.status;
    const body = await response.text();
    await until(() => set.client.connections === 0 || !closes);
    return { status, body, kept: set.client.connections === 1, error: undefined };
  } catch (error) {
    return { status, body: undefined, kept: set.client.connections === 1, error };
  }
}

function gives(seen: Seen, expected: Expected): boolean {
  switch (expected.outcome) {
    case "any":
      return expected.of!.some((one) => gives(seen, one));
    case "error":
      return seen.status === 0;
    case "body-error":
      return seen.status !== 0 && seen.body === undefined;
    case "ok":
      return seen.status === expected.status && seen.body === expected.body;
    default:
      throw new Error(`Cannot judge case as its outcome must be known: received ${expected.outcome}`);
  }
}

/** The cuts of a case: whole, octet by octet, and at each offset of what is short enough. */
function splits(bytes: Uint8Array): Uint8Array[][] {
  const cuts = [[bytes], [...bytes.subarray(0, 512)].map((octet) => new Uint8Array([octet]))];
  for (let cut = 1; cut < Math.min(bytes.length, 160); cut++) cuts.push([bytes.subarray(0, cut), bytes.subarray(cut)]);
  return bytes.length <= 512 ? cuts : [[bytes]];
}

vectorTest(
  "HttpClient.fetch decides the response cases on every split",
  () => loadVectors<{ cases: ResponseCase[] }>("smuggling", "responses.json"),
  async ({ cases }) => {
    let count = 0;
    for (const test of cases) {
      if (test.request_method === "CONNECT") continue; // not by `fetch`: see the tunnels
      const bytes = await octetsOf(test);
      for (const pieces of splits(bytes)) {
        const seen = await see(pieces, test.request_method, test.server_closes_after);
        const label = `${test.id} ${test.name}, first ${pieces[0]?.length}: ${JSON.stringify(seen)} ${seen.error}`;
        assert(gives(seen, test.expect), label);
        if (seen.error !== undefined) assertInstanceOf(seen.error, TypeError, label);
        const { reusable } = test.expect;
        if (reusable === false) assert(!seen.kept, label);
      }
      count++;
    }
    assert(count > 130);
  },
);

Deno.test("HttpClient.fetch shows the caller, for each octet at which the peer can die, that it died", async () => {
  const heads = "HTTP/1.1 103 \r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n";
  const answers: [string, string][] = [
    ["content-length", `${heads}content-length: 5\r\n\r\nhello`],
    ["chunked", `${heads}transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\nx-a: b\r\n\r\n`],
    ["close", `${heads}\r\nhello`],
  ];
  for (const [framing, answer] of answers) {
    const headEnd = answer.indexOf("\r\n\r\n", heads.length - 2) + 4;
    for (let length = 0; length <= answer.length; length++) {
      for (const dies of ["ends", "resets"] as const) {
        const label = `${framing}: ${dies} after ${length} of ${answer.length} octets`;
        using set = stage();
        const fetching = set.client.fetch("http://localhost/");
        fetching.catch(() => {}); // looked at below
        const peer = await set.accept();
        await peer.head();
        await peer.write(answer.slice(0, length));
        if (dies === "ends") await peer.end();
        else {
          await until(() => true); // what was written is read before the reset
          peer.transport.reset();
        }
        if (length < headEnd) {
          const error = await rejection(fetching);
          assertInstanceOf(error, TypeError, label);
          assertInstanceOf(error.cause, ConnectionLostError, label);
          assertEquals([error.cause.phase, error.cause.mayHaveBeenProcessed, error.cause.reused], [
            "head",
            true,
            false,
          ]);
        } else {
          const response = await fetching;
          assertEquals(response.status, 200, label);
          const isWhole = framing === "close" ? dies === "ends" : length === answer.length;
          if (isWhole) assert("hello".startsWith(await response.text()), label);
          else {
            const error = await rejection(response.text());
            assertInstanceOf(error, TypeError, label);
            assertInstanceOf(error.cause, ConnectionLostError, label);
            assertEquals(error.cause.phase, "body", label);
          }
        }
        await until(() => set.client.connections === 0);
        assertEquals(set.dials, 1, `${label}: sent once`);
      }
    }
  }
});

Deno.test("HttpClient.fetch names the rule that a response broke, in the error's cause", async () => {
  for (
    const answer of ["HTTP/2 200\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 1, 2\r\n\r\n", "SSH-2.0-OpenSSH\r\n"]
  ) {
    using set = stage();
    const fetching = set.client.fetch("http://localhost/");
    await (await set.accept()).answer(answer);
    const error = await rejection(fetching);
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, ProtocolError);
    assertEquals(error.message, error.cause.message);
  }
});

Deno.test("HttpClient.fetch takes no more of a response than its limits allow", async () => {
  const limits = { maxHeadBytes: 64, maxFields: 2, maxTrailerFields: 1, maxInformational: 1 };
  const broken = [
    `HTTP/1.1 200 OK\r\nx-a: ${"a".repeat(64)}\r\n\r\n`,
    "HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n",
    "HTTP/1.1 103 \r\n\r\nHTTP/1.1 103 \r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: 1\r\nb: 2\r\n\r\n",
  ];
  for (const answer of broken) {
    using set = stage({ limits });
    const fetching = set.client.fetch("http://localhost/").then((response) => response.text());
    await (await set.accept()).answer(answer);
    assertInstanceOf(await rejection(fetching), TypeError, answer);
  }
  using set = stage({ limits: { maxBodyBytes: 4 } });
  for (
    const answer of ["content-length: 5\r\n\r\nhello", "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
  ) {
    const fetching = set.client.fetch("http://localhost/");
    await (await set.accept()).answer(`HTTP/1.1 200 OK\r\nconnection: close\r\n${answer}`);
    assertEquals(String(await rejection((await fetching).text())).includes("at most 4 bytes: received 5"), true);
  }
});
