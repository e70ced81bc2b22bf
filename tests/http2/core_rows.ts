/**
 * Owns what the tables of frames and their outcomes are made of: the rows, what happens before, and how a row is tried. Knows
 * no row.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Frame } from "../../http2/frame.ts";
import { get, post } from "./peer.ts";
import { everyWay, type Rig, type RigOptions } from "./rig.ts";

/** What must come of frames. */
export interface Row {
  /** The section of RFC 9113, or of the RFC that is named, and what is tested. */
  readonly name: string;
  readonly options?: RigOptions;
  /** What happens before. */
  readonly before?: (rig: Rig) => void;
  /** What the peer then sends. */
  readonly input: (rig: Rig) => readonly (Frame | Uint8Array)[];
  /** What the connection answers, credit left out. */
  readonly sent: readonly string[];
  /** What it tells. */
  readonly told?: readonly string[];
}

/** The head of a final response. */
export const OK = [[":status", "200"]] as const;

/** The peer asks on stream 1; `ended` says whether the request is whole. */
export function asked(ended: boolean): (rig: Rig) => void {
  return (rig) => rig.send(rig.head(1, ended ? get() : post(), { end: ended }));
}

/** The peer asks, and is answered. */
export function answered(ended: boolean): (rig: Rig) => void {
  return (rig) => {
    asked(ended)(rig);
    rig.core.sendWhole(rig.stream(1), [{ name: ":status", value: "200" }], null);
  };
}

/** A client's connection asks on stream 1. */
export function asks(method = "GET", { ends = true } = {}): (rig: Rig) => void {
  return (rig) => {
    const stream = rig.core.open([{ name: ":method", value: method }], method, -1);
    if (ends) rig.core.sendEnd(stream);
  };
}

/** The connection is a client's. */
export const CLIENT: RigOptions = { role: "client" };
/** The connection is a client's that accepts pushes. */
export const PUSHED: RigOptions = { role: "client", acceptsPush: true };

/** A client's connection asks on stream 1, and is promised stream 2. */
export function promised(rig: Rig): void {
  asks()(rig);
  rig.take();
  rig.send(promise(rig, 1, 2));
}

/** A promise of the peer's. */
export function promise(rig: Rig, streamId: number, promisedId: number, fields = get("/pushed")): Frame {
  return { type: "pushPromise", streamId, endHeaders: true, promisedId, fragment: rig.block(fields) };
}

/** Defines a test for each row. */
export function testRows(rows: readonly Row[]): void {
  for (const row of rows) {
    everyWay(`Http2Connection.receive, ${row.name}`, (make) => {
      const rig = make(row.options);
      row.before?.(rig);
      if (row.options?.role === "client") rig.take();
      rig.tell();
      rig.send(...row.input(rig));
      assertEquals(rig.take().filter((line) => !line.startsWith("WINDOW_UPDATE")), row.sent);
      if (row.told !== undefined) assertEquals(rig.tell(), row.told);
    });
  }
}
