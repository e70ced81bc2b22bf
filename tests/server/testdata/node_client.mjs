/**
 * Owns a conversation of Node's own `http` client with the app whose origin it is given; prints what it saw as JSON. Must
 * not know what is right: the test that runs it judges.
 *
 * @module
 */

import http from "node:http";
import process from "node:process";
import { once } from "node:events";
import { Buffer } from "node:buffer";

const origin = process.argv[2];
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

/** Asks, and gives the answer with its content and trailers. */
function ask(path, { content = [], trailers, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const seen = { informed: [], continued: false };
    const request = http.request(`${origin}${path}`, { agent, ...options }, async (response) => {
      try {
        const pieces = [];
        for await (const piece of response) pieces.push(piece);
        const text = Buffer.concat(pieces).toString();
        const { statusCode: status, headers, trailers: received } = response;
        resolve({ ...seen, status, headers, text, trailers: received, reused: request.reusedSocket });
      } catch (error) {
        reject(error);
      }
    });
    request.on("error", reject);
    request.on("information", (information) => {
      seen.informed.push([information.statusCode, information.headers.link]);
    });
    request.on("continue", () => {
      seen.continued = true;
      send();
    });
    const send = () => {
      for (const piece of content) request.write(piece);
      if (trailers) request.addTrailers(trailers);
      request.end();
    };
    if (options.headers?.expect) request.flushHeaders();
    else send();
  });
}

/** Upgrades, and gives what comes back over the raw socket. */
function upgrade() {
  return new Promise((resolve, reject) => {
    const headers = { connection: "upgrade", upgrade: "shout" };
    const request = http.request(`${origin}/shout`, { headers });
    request.on("error", reject);
    request.on("upgrade", async (response, socket, head) => {
      const pieces = [head];
      socket.on("data", (piece) => pieces.push(piece));
      socket.write("raw ");
      socket.end("octets");
      await once(socket, "end");
      resolve({
        status: response.statusCode,
        protocol: response.headers.upgrade,
        text: Buffer.concat(pieces).toString(),
      });
    });
    request.end();
  });
}

/** Begins a download and gives it up. */
function giveUp() {
  return new Promise((resolve, reject) => {
    http.get(`${origin}/bytes?100000000`, (response) => {
      response.once("data", () => {
        response.destroy();
        resolve("given up");
      });
    }).on("error", reject);
  });
}

const chunked = { method: "POST", headers: { trailer: "x-check", "transfer-encoding": "chunked" } };
const results = {
  get: await ask("/hello"),
  again: await ask("/hello"),
  head: await ask("/hello", { method: "HEAD" }),
  none: await ask("/none", { method: "DELETE" }),
  posted: await ask("/seen", { ...chunked, content: ["one", "two"], trailers: { "x-check": "sum" } }),
  trailers: await ask("/trailers", { headers: { te: "trailers", connection: "te, keep-alive" } }),
  hints: await ask("/hints"),
  continued: await ask("/echo", {
    method: "POST",
    headers: { expect: "100-continue", "content-length": "6" },
    content: ["waited"],
  }),
  refused: await ask("/refuse", { method: "POST", headers: { expect: "100-continue", "content-length": "6" } }),
  large: (await ask("/echo", { method: "PUT", content: Array(50).fill("x".repeat(20_000)) })).text.length,
  upgraded: await upgrade(),
  givenUp: await giveUp(),
  after: (await ask("/hello")).text,
};
agent.destroy();
process.stdout.write(JSON.stringify(results));
