/**
 * Owns a conversation of grpc-js with the service whose address it is given, and whose certificate if it has one; prints what
 * it saw as JSON. Must not know what is right: the test that runs it judges.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import process from "node:process";
import * as grpc from "npm:@grpc/grpc-js@^1.14.0";

const [, , address, certificate] = process.argv;

/** The octets of a message as they are. */
const raw = (message) => message;
const pathOf = (method) => `/test.Service/${method}`;

function connect(options = {}) {
  const credentials = certificate
    ? grpc.credentials.createSsl(readFileSync(certificate))
    : grpc.credentials.createInsecure();
  return new grpc.Client(address, credentials, options);
}

/** Calls a method with one message, and tells what came: the message, metadata and status. */
function unary(client, method, message = Buffer.alloc(0), options = {}, sent = new grpc.Metadata()) {
  return new Promise((resolve) => {
    const seen = {};
    const done = (error, value) => {
      seen.code = error?.code ?? 0;
      seen.details = error?.details;
      seen.message = value;
    };
    const call = client.makeUnaryRequest(pathOf(method), raw, raw, message, sent, options, done);
    call.on("metadata", (metadata) => seen.metadata = metadata.getMap());
    call.on("status", (status) => {
      seen.trailers = status.metadata.getMap();
      setImmediate(() => resolve({ ...seen, message: seen.message?.toString() }));
    });
  });
}

/** Sends messages, and gives the one that answers them. */
function collect(client, messages) {
  return new Promise((resolve, reject) => {
    const call = client.makeClientStreamRequest(pathOf("Collect"), raw, raw, new grpc.Metadata(), (error, value) => {
      if (error) reject(error);
      else resolve(JSON.parse(String(value)));
    });
    for (const message of messages) call.write(message);
    call.end();
  });
}

/** Asks for messages, and counts them. */
async function repeat(client, count, length) {
  const request = Buffer.from(JSON.stringify({ count, length }));
  const call = client.makeServerStreamRequest(pathOf("Repeat"), raw, raw, request);
  let [messages, octets] = [0, 0];
  for await (const message of call) {
    messages++;
    octets += message.length;
  }
  return { messages, octets };
}

/** Says things one after the other, each once the one before was answered. */
function chat(client, turns) {
  return new Promise((resolve, reject) => {
    const heard = [];
    const call = client.makeBidiStreamRequest(pathOf("Chat"), raw, raw);
    call.on("data", (message) => {
      heard.push(message.toString());
      if (heard.length < turns) call.write(Buffer.from(`turn ${heard.length}`));
      else call.end();
    });
    call.on("error", reject);
    call.on("status", ({ code }) => code === 0 ? resolve(heard) : reject(new Error(`status ${code}`)));
    call.write(Buffer.from("turn 0"));
  });
}

/** Fails behind a message of a stream. */
function failLate(client) {
  return new Promise((resolve) => {
    const messages = [];
    const call = client.makeServerStreamRequest(pathOf("FailLate"), raw, raw, Buffer.alloc(0));
    call.on("data", (message) => messages.push(message.toString()));
    call.on("error", () => {});
    call.on(
      "status",
      ({ code, details, metadata }) => resolve({ messages, code, details, metadata: metadata.getMap() }),
    );
  });
}

/** Cancels a call that nobody answers, a stream half-way, and a conversation. */
async function cancelled(client) {
  const codes = [];
  await new Promise((resolve) => {
    const call = client.makeUnaryRequest(pathOf("Silent"), raw, raw, Buffer.alloc(0), (error) => {
      codes.push(error?.code);
      resolve();
    });
    unary(client, "Echo").then(() => call.cancel());
  });
  await new Promise((resolve) => {
    const request = Buffer.from(JSON.stringify({ count: 10_000, length: 10_000 }));
    const call = client.makeServerStreamRequest(pathOf("Repeat"), raw, raw, request);
    call.once("data", () => call.cancel());
    call.on("error", ({ message }) => {
      codes.push(message);
      resolve();
    });
  });
  await new Promise((resolve) => {
    const call = client.makeBidiStreamRequest(pathOf("Chat"), raw, raw);
    call.once("data", () => call.cancel());
    call.on("status", ({ code }) => {
      codes.push(code);
      resolve();
    });
    call.on("error", () => {});
    call.write(Buffer.from("turn"));
  });
  return codes;
}

async function converse() {
  const client = connect();
  const large = connect({ "grpc.max_receive_message_length": -1 });
  const alive = connect({ "grpc.keepalive_time_ms": 1, "grpc.keepalive_timeout_ms": 5_000 });
  const metadata = new grpc.Metadata();
  metadata.set("x-note", "noted");
  metadata.set("x-data-bin", Buffer.from([0, 255]));
  const echoed = await unary(client, "Echo", Buffer.from("hello"), {}, metadata);
  const { "x-data-back-bin": data } = echoed.trailers;
  const seen = {
    echoed: { ...echoed, data: [...data ?? []] },
    empty: await unary(client, "Echo"),
    failed: await unary(client, "Fail"),
    failedLate: await failLate(client),
    unknown: (await unary(client, "Unknown")).code,
    collected: await collect(client, Array.from({ length: 1_000 }, (_, length) => Buffer.alloc(length))),
    nothing: await collect(client, []),
    repeated: await repeat(client, 1_000, 1_000),
    chatted: await chat(client, 50),
    large: (String((await unary(large, "Echo", Buffer.alloc(5_000_000, "a"))).message)).length,
    limit: (await unary(client, "Timeout", Buffer.alloc(0), { deadline: Date.now() + 60_000 })).message,
    late: (await unary(client, "Silent", Buffer.alloc(0), { deadline: Date.now() + 100 })).code,
    cancelled: await cancelled(client),
    many: (await Promise.all(Array.from({ length: 500 }, (_, index) => unary(client, "Echo", Buffer.from(`${index}`)))))
      .filter(({ message }, index) => message === `${index}`).length,
    streams:
      (await Promise.all(Array.from({ length: 50 }, () => chat(client, 20)))).filter(({ length }) => length === 20)
        .length,
    kept: (await chat(alive, 1_000)).length,
    aborted: (await unary(client, "Aborted")).message,
  };
  for (const each of [client, large, alive]) each.close();
  return seen;
}

process.stdout.write(JSON.stringify(await converse()));
