// An HTTP/2 client of Node's own, without TLS: it gets `/` and tells what its caller sees: the status in a line
// (0 for none), and then what came of it, as JSON.
import { connect, constants } from "node:http2";

const { port, settings } = JSON.parse(process.argv[2]);
const session = connect(`http://127.0.0.1:${port}`, { settings });
session.on("error", () => {});
const stream = session.request({ ":path": "/" });
let status = 0;
let trailers = [];
let body = "";
let whole = false;
stream.on("response", (fields) => {
  status = fields[":status"];
  console.log(status);
});
stream.on("trailers", (fields) => trailers = Object.entries(fields));
stream.on("data", (chunk) => body += chunk.toString("latin1"));
stream.on("end", () => whole = true);
stream.on("error", () => {});
stream.on("close", () => {
  if (status === 0) console.log(status);
  const rejected = { kind: "rejected", retryable: stream.rstCode === constants.NGHTTP2_REFUSED_STREAM };
  console.log(JSON.stringify(whole && status !== 0 ? { kind: "response", status, body, trailers } : rejected));
});
process.stdin.on("data", () => {}).on("end", () => process.exit());
