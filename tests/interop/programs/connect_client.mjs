/**
 * Owns conversations of Connect's client for Node with the service whose origin it is given, and whose certificate if it has
 * one, by each protocol and version of HTTP; prints what it saw as JSON. Must not know what is right.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "npm:@connectrpc/connect-node@^2.1.0";
import { callInStreams, callSimply } from "./connect_service.mjs";

// For Node.js 20.
Promise.withResolvers ??= function () {
  const deferred = {};
  deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }));
  return deferred;
};

const [, , baseUrl, certificate] = process.argv;
const nodeOptions = certificate ? { ca: readFileSync(certificate) } : {};
const options = { baseUrl, nodeOptions };

const seen = {};
for (
  const [name, transport, canStream] of [
    ["connect", createConnectTransport({ ...options, httpVersion: "2" }), true],
    [
      "connect, JSON, by GET",
      createConnectTransport({ ...options, httpVersion: "2", useBinaryFormat: false, useHttpGet: true }),
      true,
    ],
    ["connect, HTTP/1.1", createConnectTransport({ ...options, httpVersion: "1.1" }), false],
    ["gRPC", createGrpcTransport(options), true],
    ["gRPC-web", createGrpcWebTransport({ ...options, httpVersion: "2" }), true],
    ["gRPC-web, HTTP/1.1", createGrpcWebTransport({ ...options, httpVersion: "1.1" }), false],
  ]
) {
  const simple = await callSimply(transport);
  seen[name] = canStream ? { ...simple, ...await callInStreams(transport) } : simple;
}
process.stdout.write(JSON.stringify(seen));
process.exit(); // its sessions stay open for a while
