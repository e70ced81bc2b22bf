/**
 * Owns the servers that only speak HTTP/2 and are measured beside ours, and the load of requests. Knows
 * neither the targets nor the statistics.
 *
 * @module
 */

import { type H2Load, h2load } from "./h2load.ts";
import { handlerNamed } from "./handler.ts";
import { probeHttp2 } from "./probe.ts";
import { freePort, type Server } from "./running.ts";
import { denoServer, type Load } from "./servers.ts";

/** Node's `node:http2`, stream by stream. */
export const nodeHttp2: Server = {
  name: "node:http2",
  programs: ["node"],
  start: (handler, { pair }) => {
    const files = pair === undefined ? [] : [pair.cert, pair.key];
    return { program: "node", args: [`${import.meta.dirname}/servers/node_http2.mjs`, handler, ...files] };
  },
};

/** nghttp2's server, in C, with one worker; what a handler answers lies in a file. */
export const nghttpd: Server = {
  name: "nghttpd",
  programs: ["nghttpd"],
  start: async (handler, { pair, folder }) => {
    const response = await handlerNamed(handler)(new Request("http://127.0.0.1/"));
    const type = response.headers.get("content-type") ?? "application/octet-stream";
    await Deno.writeTextFile(`${folder}/types`, `${type} html\n`);
    await Deno.writeFile(`${folder}/index.html`, await response.bytes());
    const port = freePort();
    const options = ["--address=127.0.0.1", "--workers=1", `--htdocs=${folder}`, `--mime-types-file=${folder}/types`];
    const where = pair === undefined ? ["--no-tls", `${port}`] : [`${port}`, pair.key, pair.cert];
    return { program: "nghttpd", args: [...options, ...where], port };
  },
};

/** A loop that answers each HEADERS frame by the same frames. */
export const cannedHttp2: Server = denoServer("canned", "servers/canned_http2.ts", { floor: true });
/** A loop that writes 64 MiB of DATA an answer. */
export const writeLoopHttp2: Server = denoServer("write loop", "servers/write_loop_http2.ts", { floor: true });
/** A loop that reads DATA. */
export const readLoopHttp2: Server = denoServer("read loop", "servers/read_loop_http2.ts", { floor: true });

/** `GET /` by h2load. */
export function requests(load: H2Load): Load {
  const { secure = false } = load;
  return {
    programs: ["h2load", "curl"],
    ask: {},
    secure,
    answer: (port) => probeHttp2(port, {}, secure),
    sample: (port, seconds) => h2load(load, port, seconds),
  };
}
