// An HTTP/2 client of Node's own, without TLS: it gets `/` and tells what its caller sees, as a line of JSON.
import { connect, constants } from "node:http2";

const { port, settings } = JSON.parse(process.argv[2]);
const { NGHTTP2_REFUSED_STREAM } = constants;

function tell(outcome) {
  console.log(JSON.stringify(outcome));
}

const session = connect(`http://127.0.0.1:${port}`, { settings });
session.on("error", () => {});
const stream = session.request({ ":path": "/" });
let status;
let trailers = [];
let body = "";
let whole = false;
stream.on("response", (fields) => status = fields[":status"]);
stream.on("trailers", (fields) => trailers = Object.entries(fields));
stream.on("data", (chunk) => body += chunk.toString("latin1"));
stream.on("end", () => whole = true);
stream.on("error", () => {});
stream.on("close", () => {
  if (whole && status !== undefined) tell({ kind: "response", status, body, trailers });
  else tell({ kind: "rejected", retryable: stream.rstCode === NGHTTP2_REFUSED_STREAM });
});
process.stdin.on("data", () => {}).on("end", () => process.exit());
