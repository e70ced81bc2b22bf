/**
 * Owns a service of grpc-js with a method of each kind, on a free port that it prints; with a certificate and its key as
 * arguments, over TLS. Ends when its input does. Must not know who calls it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import process from "node:process";
import * as grpc from "npm:@grpc/grpc-js@^1.14.0";

const [, , certificate, key] = process.argv;

/** The octets of a message as they are. */
const raw = (message) => message;
let cancelled = 0;

/** A method's description, by whether each side sends a stream. */
function method(name, requestStream, responseStream) {
  const path = `/test.Service/${name}`;
  const how = { requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw };
  return { path, requestStream, responseStream, ...how };
}

/** Metadata of one entry. */
function metadataOf(name, value) {
  const metadata = new grpc.Metadata();
  metadata.set(name, value);
  return metadata;
}

const methods = {
  /** Echoes a message, and metadata both ways. */
  Echo(call, answer) {
    const [note] = call.metadata.get("x-note");
    const [data] = call.metadata.get("x-data-bin");
    if (note) call.sendMetadata(metadataOf("x-note-back", note));
    answer(null, call.request, data ? metadataOf("x-data-back-bin", data) : undefined);
  },
  Fail(_call, answer) {
    answer({ code: grpc.status.NOT_FOUND, details: "nothing there: ä" });
  },
  Collect(call, answer) {
    let [count, octets] = [0, 0];
    call.on("data", (message) => {
      count++;
      octets += message.length;
    });
    call.on("end", () => answer(null, Buffer.from(JSON.stringify({ count, octets }))));
  },
  Repeat(call) {
    const { count, length } = JSON.parse(call.request.toString());
    let index = 0;
    const send = () => {
      while (index < count) if (!call.write(Buffer.alloc(length, index++))) return call.once("drain", send);
      call.end();
    };
    call.on("cancelled", () => cancelled++);
    send();
  },
  Chat(call) {
    call.on("data", (message) => call.write(Buffer.from(message.toString().toUpperCase())));
    call.on("end", () => call.end());
    call.on("cancelled", () => cancelled++);
  },
  FailLate(call) {
    call.write(Buffer.from("first"));
    call.emit("error", {
      code: grpc.status.RESOURCE_EXHAUSTED,
      details: "no more",
      metadata: metadataOf("x-retry", "never"),
    });
  },
  /** Never answers. */
  Silent(call) {
    call.on("cancelled", () => cancelled++);
  },
  Cancelled(_call, answer) {
    answer(null, Buffer.from(String(cancelled)));
  },
};

const STREAMS = { Collect: [true, false], Repeat: [false, true], Chat: [true, true], FailLate: [false, true] };
const service = Object.fromEntries(
  Object.keys(methods).map((name) => [name, method(name, ...STREAMS[name] ?? [false, false])]),
);

// It sends PINGs all the time, as servers may that want to know whether their clients are alive.
const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.keepalive_time_ms": 20 });
server.addService(service, methods);
const credentials = certificate
  ? grpc.ServerCredentials.createSsl(null, [{ private_key: readFileSync(key), cert_chain: readFileSync(certificate) }])
  : grpc.ServerCredentials.createInsecure();
server.bindAsync("127.0.0.1:0", credentials, (error, port) => {
  if (error) throw error;
  console.log(port);
});
process.stdin.on("end", () => server.forceShutdown()).resume();
