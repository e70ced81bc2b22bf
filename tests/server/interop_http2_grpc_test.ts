/**
 * Owns the tests of a server by a gRPC client of others' making, which Node runs. Must not know how either does it.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { serve } from "../../mod.ts";
import { GrpcService, GrpcStatus } from "../interop/grpc.ts";
import { NodeProgram } from "../interop/node_program.ts";
import { programTest } from "../programs.ts";
import { CERT_PATH } from "./interop_app.ts";

const key = () => Deno.readTextFile(new URL("../net/testdata/key.pem", import.meta.url));

/** What the program saw; see there. */
// deno-lint-ignore no-explicit-any
type Seen = any;

for (const over of ["TCP", "TLS"] as const) {
  programTest(`grpc-js calls a service over ${over}`, { programs: ["deno", "node"] }, async (test) => {
    await using program = await NodeProgram.bundle("grpc_client");
    const service = new GrpcService();
    const errors: unknown[] = [];
    const pair = over === "TLS" ? { cert: await Deno.readTextFile(CERT_PATH), key: await key() } : {};
    const onConnectionError = (error: unknown) => void errors.push(error);
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, onConnectionError, ...pair };
    await using server = serve(options, service.handler);
    const address = `127.0.0.1:${server.addr.port}`;
    const seen: Seen = await program.run(address, ...over === "TLS" ? [CERT_PATH] : []);

    await test.step("unary, with metadata both ways, before and behind the message", () => {
      const { message, code, metadata, data } = seen.echoed;
      assertEquals([message, code, metadata["x-note-back"], data], ["hello", 0, "noted", [0, 255]]);
      assertEquals([seen.empty.message, seen.empty.code], ["", 0]);
      assertEquals(seen.large, 5_000_000);
    });
    await test.step("streams of the client's, of the server's, and of both", () => {
      assertEquals(seen.collected, { count: 1_000, octets: 499_500 });
      assertEquals(seen.nothing, { count: 0, octets: 0 });
      assertEquals(seen.repeated, { messages: 1_000, octets: 1_000_000 });
      assertEquals(seen.chatted, Array.from({ length: 50 }, (_, turn) => `TURN ${turn}`));
    });
    await test.step("a status alone, and behind a message", () => {
      assertEquals([seen.failed.code, seen.failed.details], [GrpcStatus.NotFound, "nothing there: ä"]);
      const { messages, code, details, metadata } = seen.failedLate;
      assertEquals([messages, code, details], [["first"], GrpcStatus.ResourceExhausted, "no more"]);
      assertEquals(metadata["x-retry"], "never");
      assertEquals(seen.unknown, GrpcStatus.Unimplemented);
    });
    await test.step("deadlines, and calls that are cancelled", () => {
      assertMatch(seen.limit, /^5\d{4}m$|^60000m$|^[56]\dS$/);
      assertEquals(seen.late, GrpcStatus.DeadlineExceeded);
      assertEquals(seen.cancelled, [1, "1 CANCELLED: Cancelled on client", 1]);
      assertEquals(seen.aborted, "2");
    });
    await test.step("many calls at once, and PINGs between them", () => {
      assertEquals([seen.many, seen.streams, seen.kept], [500, 50, 1_000]);
    });
    assertEquals(errors, []);
  });
}
