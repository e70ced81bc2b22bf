/**
 * Owns the proof that a whole server survives the collected inputs of other projects' fuzzers, many connections at once, with
 * nothing left of them in the end.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { Peer, settled } from "../http2/peer.ts";
import { fromBase64, loadVectorLines, vectorTest } from "../vectors.ts";
import { startInMemory } from "./our_server.ts";
import { answersAnother } from "./server_runner.ts";

interface Recorded {
  readonly b64: string;
}

/** Connections that are open at once. */
const AT_ONCE = 50;

function loadInputs(): Recorded[] | undefined {
  const inputs: Recorded[] = [];
  for (const file of ["h2o-http2.jsonl", "nghttp2-h2spec.jsonl", "nghttp2-nghttp.jsonl"]) {
    const lines = loadVectorLines<Recorded>("fuzz-h2", file);
    if (lines === undefined) return undefined;
    inputs.push(...lines);
  }
  return inputs;
}

for (const cut of ["whole", "octets"] as const) {
  vectorTest(
    `serve() survives what is in fuzz-h2, ${cut}`,
    loadInputs,
    async (inputs) => {
      assertGreater(inputs.length, 900);
      await using server = await startInMemory({ settings: {}, bodyBytes: 5, reads: true });
      for (let at = 0; at < inputs.length; at += AT_ONCE) {
        const peers: Peer[] = [];
        for (const { b64 } of inputs.slice(at, at + AT_ONCE)) {
          const peer = new Peer(await server.connect(cut), { role: "client", acknowledges: false });
          peer.write(fromBase64(b64));
          peer.end();
          peers.push(peer);
        }
        await settled(...peers);
        assertEquals(peers.filter(({ broken }) => broken !== undefined), [], "what is no frame");
        assertEquals(peers.every(({ heard }) => heard[0]?.type === "settings"), true, "SETTINGS come first");
        for (const peer of peers) peer.close();
        assertEquals(await answersAnother(server), undefined);
      }
    },
  );
}
