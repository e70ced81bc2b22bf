/**
 * Owns the proof of pipelining over a whole server (RFC 9112 §9.3.2): which requests run beside others, and in what order
 * their answers leave.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { turn } from "./client.ts";
import { answersOf, get, post, Stage, type StageOptions, statusesOf } from "./stage.ts";

/** A stage whose handler waits until the test says so. */
class Queue extends Stage {
  /** What was begun and is not answered, in order of its beginning. */
  readonly begun: string[] = [];
  readonly #answers = new Map<string, (response: Response | Promise<Response>) => void>();

  constructor(options: StageOptions = {}) {
    super(options, (request) => {
      const name = new URL(request.url).pathname.slice(1);
      this.begun.push(name);
      return new Promise((resolve) => this.#answers.set(name, resolve));
    });
  }

  /** Lets the handler of the request with this path answer. */
  async answer(name: string, response: Response = new Response(name)): Promise<void> {
    const resolve = this.#answers.get(name);
    assert(resolve !== undefined, `${name} was not begun`);
    this.begun.splice(this.begun.indexOf(name), 1);
    resolve(response);
    await turn();
  }
}

const bodies = (client: Parameters<typeof answersOf>[0]) => answersOf(client).map(({ body }) => body);

Deno.test("serve() answers in order though handlers finish in any", async () => {
  await using queue = new Queue();
  const client = await queue.say(["a", "b", "c", "d"].map((name) => get(`/${name}`)).join(""));
  assertEquals(queue.begun, ["a", "b", "c", "d"]);
  await queue.answer("c");
  await queue.answer("b");
  assertEquals(client.wire, "");
  await queue.answer("a");
  assertEquals(bodies(client), ["a", "b", "c"]);
  await queue.answer("d");
  assertEquals(bodies(client), ["a", "b", "c", "d"]);
});

Deno.test("serve() lets 16 requests wait at most, and reads the next when one is answered", async () => {
  await using queue = new Queue();
  const client = await queue.say(Array.from({ length: 40 }, (_, index) => get(`/${index}`)).join(""));
  assertEquals(queue.begun.length, 16);
  await queue.answer("15"); // not its turn: it makes no room
  assertEquals(queue.begun.length, 15);
  await queue.answer("0");
  assertEquals(queue.begun, [...Array.from({ length: 14 }, (_, index) => `${index + 1}`), "16"]);
  for (let index = 1; index < 40; index++) if (index !== 15) await queue.answer(`${index}`);
  assertEquals(bodies(client), Array.from({ length: 40 }, (_, index) => `${index}`));
});

Deno.test("serve() runs an unsafe request alone: those before it first, and none beside it", async () => {
  await using queue = new Queue();
  const client = await queue.say(get("/a") + get("/b") + post("/c", "body") + get("/d") + post("/e", "") + get("/f"));
  assertEquals(queue.begun, ["a", "b"]);
  await queue.answer("b");
  assertEquals(queue.begun, ["a"]);
  await queue.answer("a");
  assertEquals(queue.begun, ["c"]);
  await queue.answer("c");
  assertEquals(queue.begun, ["d"]);
  await queue.answer("d");
  assertEquals(queue.begun, ["e"]);
  await queue.answer("e");
  assertEquals(queue.begun, ["f"]);
  await queue.answer("f");
  assertEquals(bodies(client), ["a", "b", "c", "d", "e", "f"]);
});

Deno.test("serve() dispatches a held request without content though nothing more comes", async () => {
  await using queue = new Queue();
  const client = await queue.say(get("/a") + post("/b", ""));
  await queue.answer("a");
  assertEquals(queue.begun, ["b"]);
  await queue.answer("b");
  assertEquals(bodies(client), ["a", "b"]);
});

Deno.test("serve() asks a stream for nothing until its answer's turn has come", async () => {
  let pulls = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (++pulls <= 3) controller.enqueue(new Uint8Array([0x30 + pulls]));
      else controller.close();
    },
  }, { highWaterMark: 0 });
  await using queue = new Queue();
  const client = await queue.say(get("/a") + get("/b"));
  await queue.answer("b", new Response(stream));
  assertEquals([pulls, client.wire], [0, ""]);
  await queue.answer("a");
  assertEquals(bodies(client), ["a", "123"]);
});

Deno.test("serve() keeps the interim answers of a request behind others before its own final one", async () => {
  const answers: (() => void)[] = [];
  const informed: string[] = [];
  await using stage = new Stage({}, async (request, info) => {
    const name = new URL(request.url).pathname;
    Promise.all([info.inform(103, { link: name }), info.inform(102)]).then(() => informed.push(name));
    await new Promise<void>((resolve) => answers.push(resolve));
    return new Response(name);
  });
  const client = await stage.say(get("/a") + get("/b"));
  assertEquals(statusesOf(client), [103, 102]);
  answers[1]!();
  await turn();
  assertEquals([statusesOf(client), informed], [[103, 102], ["/a"]]);
  answers[0]!();
  await turn();
  assertEquals(informed, ["/a", "/b"]);
  assertEquals(answersOf(client).map(({ status, fields, body }) => [status, fields.get("link") ?? body]), [
    [103, "/a"],
    [102, ""],
    [200, "/a"],
    [103, "/b"],
    [102, ""],
    [200, "/b"],
  ]);
});

Deno.test("serve() lets who waits for an answer's turn go on when the client is gone", async () => {
  const events: string[] = [];
  await using stage = new Stage({}, async (request, info) => {
    const name = new URL(request.url).pathname;
    if (name === "/a") await new Promise(() => {});
    await info.inform(103);
    events.push(`${name} informed, ${request.signal.aborted ? "aborted" : "not aborted"}`);
    return new Response(new ReadableStream({ cancel: () => void events.push(`${name} cancelled`) }));
  });
  const client = await stage.say(get("/a") + get("/b"));
  assertEquals(events, []);
  client.transport.reset();
  await turn();
  assertEquals(events, ["/b informed, aborted", "/b cancelled"]);
});

Deno.test("serve() answers an error behind the requests before it, and closes", async () => {
  await using queue = new Queue();
  const client = await queue.say(get("/a") + get("/b") + "BAD\r\n\r\n" + get("/smuggled"));
  assertEquals([queue.begun, client.wire], [["a", "b"], ""]);
  await queue.answer("b");
  await queue.answer("a");
  assertEquals([statusesOf(client), client.ended], [[200, 200, 400], true]);
  assertEquals(answersOf(client).map(({ fields }) => fields.get("connection")), [undefined, undefined, "close"]);
});

Deno.test("serve() reads nothing behind a request that says close, and answers those before it", async () => {
  await using queue = new Queue();
  const client = await queue.say(get("/a") + get("/b", "Connection: close\r\n") + get("/smuggled"));
  assertEquals(queue.begun, ["a", "b"]);
  await queue.answer("b");
  await queue.answer("a");
  assertEquals([bodies(client), client.ended], [["a", "b"], true]);
});

Deno.test("serve() ends the connection behind an answer that says close, whatever was asked behind it", async () => {
  await using queue = new Queue();
  const client = await queue.say(get("/a") + get("/b") + get("/c"));
  await queue.answer("c");
  await queue.answer("a", new Response("a", { headers: { connection: "close" } }));
  assertEquals([bodies(client), client.ended], [["a"], true]);
});

Deno.test("serve() answers all that came before the client ended its side", async () => {
  await using queue = new Queue({ allowHalfOpen: true });
  const client = await queue.say(get("/a") + post("/b", "body") + get("/c"));
  client.end();
  await turn();
  for (const name of ["a", "b", "c"]) await queue.answer(name);
  assertEquals([bodies(client), client.ended], [["a", "b", "c"], true]);
});

Deno.test("serve() sends all answers of one read in one write", async () => {
  const writes: number[] = [];
  await using stage = new Stage({}, () => new Response("x"));
  const client = await stage.dial({ listens: false });
  client.write(get("/").repeat(16));
  await turn();
  const into = new Uint8Array(64 * 1024);
  writes.push(await client.transport.read(into) ?? 0);
  const text = new TextDecoder().decode(into.subarray(0, writes[0]));
  assertEquals(text.match(/HTTP\/1\.1 200 OK/g)?.length, 16);
});

Deno.test("serve() gives each pipelined request its own answer, however they mix and finish", async () => {
  const method = fc.constantFrom("GET", "POST", "HEAD", "PUT", "OPTIONS");
  const plan = fc.array(fc.tuple(method, fc.nat({ max: 99 }), fc.boolean()), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(plan, fc.nat({ max: 400 }), async (requests, cut) => {
      const waiting: { readonly order: number; readonly go: () => void }[] = [];
      await using stage = new Stage({}, async (request) => {
        const [index, order, streams] = new URL(request.url).pathname.slice(1).split("-");
        await new Promise<void>((go) => waiting.push({ order: Number(order), go }));
        const text = `${index}:${await request.text()}`;
        return new Response(streams === "true" ? new Response(text).body : text);
      });
      const text = requests.map(([name, order, streams], index) => {
        const path = `/${index}-${order}-${streams}`;
        return name === "POST" || name === "PUT"
          ? post(path, `${index}`).replace("POST", name)
          : get(path).replace("GET", name);
      }).join("");
      const client = await stage.say(text.slice(0, cut));
      client.write(text.slice(cut));
      await turn();
      for (let done = 0; done < requests.length; done++) {
        waiting.sort((a, b) => a.order - b.order);
        const next = waiting.shift();
        assert(next !== undefined, "nobody is served any more");
        next.go();
        await turn();
      }
      const answers = answersOf(client, requests.map(([name]) => name));
      const expected = requests.map(([name], index) =>
        name === "HEAD" ? "" : name === "POST" || name === "PUT" ? `${index}:${index}` : `${index}:`
      );
      assertEquals(answers.map(({ body }) => body), expected);
      assertEquals(client.ended, false);
    }),
    { numRuns: 60 },
  );
});
