/**
 * Owns the process in which the client of `node:http2` is measured on Node, with one session for all requests; it is bundled
 * before it runs there. Knows no case. Run as `node <bundle> <work> <in flight> <port>`.
 *
 * @module
 */

import { connect } from "node:http2";
import process from "node:process";
import { check, obey, type Work } from "./client_loop.ts";

const [work, inFlight, port] = process.argv.slice(2);
const session = connect(`http://127.0.0.1:${port}`);

await obey(
  {
    get: () =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ":path": "/" });
        let status: unknown;
        let text = "";
        stream.setEncoding("utf8");
        stream.on("response", (headers) => status = headers[":status"]);
        stream.on("data", (part: string) => text += part);
        stream.on("error", reject);
        stream.on("end", () => {
          try {
            check("status", status, 200);
            check("length", text.length, 13);
            resolve();
          } catch (error) {
            reject(error);
          }
        });
      }),
  },
  work as Work,
  Number(inFlight),
);
