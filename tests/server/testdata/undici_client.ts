/**
 * Owns a conversation of undici with the app whose origin it is given; prints what it saw as JSON. Must not know what is
 * right: the test that runs it judges.
 *
 * @module
 */

import { Readable } from "node:stream";
import { Client, Pool, request } from "npm:undici@7.30.2";

const origin = Deno.args[0] ?? "";

/** Thirty requests down one connection, ten of them under way at a time. */
async function pipelined(): Promise<{ pipelined: string[]; ports: number }> {
  const client = new Client(origin, { pipelining: 10 });
  const asked = Array.from({ length: 30 }, async (_, index) => {
    const { body } = await client.request({ path: `/seen?${index}`, method: "GET" });
    return new URL((await body.json() as { url: string }).url);
  });
  const urls = (await Promise.all(asked)).map(({ pathname, search }) => pathname + search);
  const ports = Array.from({ length: 5 }, async () => {
    return await (await client.request({ path: "/port", method: "GET" })).body.text();
  });
  const { size } = new Set(await Promise.all(ports));
  await client.close();
  return { pipelined: urls, ports: size };
}

/** Fifty requests by a pool of five connections: how many were answered as they must be. */
async function pooled(): Promise<number> {
  const pool = new Pool(origin, { connections: 5 });
  const asked = Array.from({ length: 50 }, async () => {
    return await (await pool.request({ path: "/hello", method: "GET" })).body.text();
  });
  const texts = await Promise.all(asked);
  await pool.close();
  return texts.filter((text) => text === "Hello, World!").length;
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < 100; count++) yield await Promise.resolve(new Uint8Array(10_000));
}

async function aborted(): Promise<string> {
  const abort = new AbortController();
  try {
    const { body } = await request(`${origin}/bytes?100000000`, { signal: abort.signal });
    for await (const _piece of body) abort.abort();
    return "ended";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

const echo = await request(`${origin}/echo`, { method: "POST", body: Readable.from(pieces()) });
const echoed = (await echo.body.bytes()).length;
const trailing = await request(`${origin}/trailers`, { headers: { te: "trailers" } });
await trailing.body.text();
const results = {
  ...await pipelined(),
  pooled: await pooled(),
  echoed,
  trailers: trailing.trailers,
  aborted: await aborted(),
  after: await (await request(`${origin}/hello`)).body.text(),
};
console.log(JSON.stringify(results));
Deno.exit(0); // undici's own pool would keep its connections
