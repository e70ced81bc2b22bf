/**
 * Owns the process in which undici's `request` is measured on Node; it is bundled before it runs there. Knows no case. Run
 * as `node <bundle> <work> <in flight> <port>`.
 *
 * @module
 */

import process from "node:process";
import { request } from "npm:undici@7.30.2";
import { BODY_BYTES, check, obey, type Work } from "./client_loop.ts";

const [work, inFlight, port] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}/`;

await obey(
  {
    async get() {
      const { statusCode, body } = await request(url);
      check("status", statusCode, 200);
      check("length", (await body.text()).length, 13);
    },
    async download() {
      let length = 0;
      for await (const chunk of (await request(url)).body) length += chunk.length;
      check("length", length, BODY_BYTES);
    },
    async upload(_slot, content) {
      const { body } = await request(url, { method: "PUT", body: content });
      check("answer", await body.text(), String(BODY_BYTES));
    },
  },
  work as Work,
  Number(inFlight),
);
