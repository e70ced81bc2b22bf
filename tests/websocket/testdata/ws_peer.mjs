/**
 * Owns a peer on Node: `client <url> <compression>` talks by npm:ws, `global <url>` by Node's own WebSocket, both print what
 * they saw as JSON; `server <compression>` serves by npm:ws, prints its port, and ends with its standard input. Must not know
 * what is right: the test judges. It is bundled before it runs, so that Node finds ws.
 *
 * @module
 */

import process from "node:process";
import { WebSocket as Ws, WebSocketServer } from "npm:ws@8.23.0";
import { converse } from "./conversation.mjs";

/** What ws may be told of permessage-deflate. */
const COMPRESSIONS = {
  none: false,
  deflate: { threshold: 0 },
  narrow: { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
  alone: { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
};

function serve(perMessageDeflate) {
  const handleProtocols = (offered) => offered.has("b") ? "b" : false;
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate, handleProtocols });
  server.on("listening", () => console.log(server.address().port));
  server.on("connection", (socket, { url }) => {
    socket.on("error", () => {});
    if (url === "/echo") socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    if (url === "/cut") socket.terminate();
    if (url !== "/tell") return;
    socket.send("one");
    socket.send("two");
    socket.close(4002, "enough");
  });
  process.stdin.on("end", () => process.exit(0)).resume();
}

const [work, first, second] = process.argv.slice(2);
if (work === "server") serve(COMPRESSIONS[first]);
else {
  const connect = work === "client"
    ? (path, protocols) => new Ws(first + path, protocols, { perMessageDeflate: COMPRESSIONS[second] })
    : (path, protocols) => new WebSocket(first + path, protocols);
  console.log(JSON.stringify(await converse(connect)));
}
