/**
 * Owns the tests of WebSockets against those of others' making: npm:ws, Node's, Deno's and Chromium's clients, and the servers
 * of npm:ws and Deno. Must not know how either end does it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { HttpClient, type HttpClientOptions } from "../../mod.ts";
import type { ConnectWebSocketOptions } from "../../websocket/mod.ts";
import { findProgram, programTest } from "../programs.ts";
import { CERT_PATH } from "../server/interop_app.ts";
import {
  assertConversation,
  bundlePeer,
  type Conversation,
  pathOf,
  seenBy,
  type Served,
  startPlatformSockets,
  startProgram,
  startSockets,
} from "./interop_app.ts";
import { converse } from "./testdata/conversation.mjs";

const TLS = { cert: Deno.readTextFileSync(CERT_PATH), key: Deno.readTextFileSync(CERT_PATH.replace("cert", "key")) };

/** What our server must have seen of a client that had the whole conversation. */
async function assertServed(
  served: readonly Promise<Served>[],
  [protocol, extensions, reason = "enough"]: readonly [protocol: string, extensions: string, reason?: string],
): Promise<void> {
  assertEquals(await Promise.all(served), [
    [protocol, extensions, "/echo", "4001 gehört true"],
    [protocol, extensions, "/tell", `4002 ${reason} true`],
    [protocol, extensions, "/cut", "1006  false"],
  ]);
}

/** Talks by our own client. */
async function byOurs(origin: string, socket: ConnectWebSocketOptions, options: HttpClientOptions = {}) {
  await using client = new HttpClient(options);
  const seen: Conversation = await converse((path: string, protocols: readonly string[]) =>
    client.webSocket(origin + path, { protocols, ...socket })
  );
  return seen;
}

const DEFLATE = "permessage-deflate";

/** Our server's options, ws's, and what both agree on. */
const COMPRESSIONS = [
  { ours: {}, theirs: "none", extensions: "" },
  { ours: { compression: { threshold: 0 } }, theirs: "deflate", extensions: DEFLATE },
  { ours: { compression: { threshold: 0 } }, theirs: "narrow", extensions: DEFLATE },
  { ours: { compression: { threshold: 0 } }, theirs: "alone", extensions: DEFLATE },
  { ours: { compression: true }, theirs: "none", extensions: "" },
  { ours: {}, theirs: "deflate", extensions: "" },
  {
    ours: { compression: { serverMaxWindowBits: 10, serverNoContextTakeover: true }, fragmentBytes: 1000 },
    theirs: "deflate",
    extensions: DEFLATE,
  },
] as const;

programTest("npm:ws on Node: its client to our server, its server to our client", {
  programs: ["node", "deno"],
}, async (test) => {
  await using peer = await bundlePeer();
  for (const { ours, theirs, extensions } of COMPRESSIONS) {
    const name = `${Deno.inspect(ours, { breakLength: Infinity })}, ws's ${theirs}`;
    await test.step(`client: ${name}`, async () => {
      const { server, served, host } = startSockets(ours);
      await using _server = server;
      assertConversation(await seenBy("node", [peer.path, "client", `ws://${host}`, theirs]), extensions);
      await assertServed(served, ["HTTP/1.1", extensions]);
    });
    await test.step(`server: ${name}`, async () => {
      await using program = await startProgram("node", [peer.path, "server", theirs]);
      assertConversation(await byOurs(`ws://${program.host}`, ours), extensions);
    });
  }
});

programTest("Node's own WebSocket to our server", { programs: ["node", "deno"] }, async () => {
  await using peer = await bundlePeer();
  const { server, served, host } = startSockets({ compression: { threshold: 0 } });
  await using _server = server;
  // Node 20 has it behind a flag.
  const seen = await seenBy("node", ["--experimental-websocket", "--no-warnings", peer.path, "global", `ws://${host}`]);
  assertConversation(seen, seen.echo.extensions); // whether it compresses is a matter of its version
  await assertServed(served, ["HTTP/1.1", seen.echo.extensions, ""]); // it echoes a Close's code alone
});

Deno.test("Deno's WebSocket to our server", async () => {
  const { server, served, host } = startSockets({ compression: true });
  await using _server = server;
  const seen: Conversation = await converse((path: string, protocols: string[]) =>
    new WebSocket(`ws://${host}${path}`, protocols)
  );
  assertEquals(seen.cut, { heard: [], close: [0, "", false] }); // the code of a connection that was cut should be 1006
  assertConversation({ ...seen, cut: { heard: [], close: [1006, "", false] } }, "");
  await assertServed(served, ["HTTP/1.1", ""]);
});

Deno.test("our client to Deno.upgradeWebSocket", async () => {
  await using platform = startPlatformSockets();
  await using client = new HttpClient();
  const seen: Conversation = await converse((path: string, protocols: readonly string[]) => {
    const socket = client.webSocket(`ws://${platform.host}${path}`, { protocols, compression: true });
    if (path === "/cut") socket.addEventListener("open", () => socket.terminate()); // its server can't
    return socket;
  });
  assertConversation(seen, "");
});

for (const protocols of [["http/1.1"], ["h2"]] as const) {
  const version = protocols[0] === "h2" ? "HTTP/2" : "HTTP/1.1";
  Deno.test(`our client to our server over TLS and ${version}`, async () => {
    const { server, served, host } = startSockets({ compression: true }, TLS);
    await using _server = server;
    const options = { tls: { caCerts: [TLS.cert] }, protocols };
    assertConversation(await byOurs(`wss://${host}`, { compression: true }, options), DEFLATE);
    await assertServed(served, [version, DEFLATE]);
  });
  programTest(`Chromium's WebSocket over TLS and ${version}`, { programs: ["chromium", "deno"] }, async () => {
    const { server, served, host } = startSockets({ compression: { threshold: 0 } }, { ...TLS, protocols });
    await using _server = server;
    const args = ["run", "--quiet", "--allow-all", pathOf("chromium_client.ts"), findProgram("chromium") ?? ""];
    assertConversation(await seenBy("deno", [...args, `https://${host}`]), DEFLATE);
    await assertServed(served, [version, DEFLATE]);
  });
}

programTest("Chromium's WebSocket over HTTP/1.1 without TLS", { programs: ["chromium", "deno"] }, async () => {
  const { server, served, host } = startSockets({});
  await using _server = server;
  const args = ["run", "--quiet", "--allow-all", pathOf("chromium_client.ts"), findProgram("chromium") ?? ""];
  const seen = await seenBy("deno", [...args, `http://${host}`]);
  assert(seen.echo.extensions === "", "nothing was offered");
  assertConversation(seen, "");
  await assertServed(served, ["HTTP/1.1", ""]);
});
