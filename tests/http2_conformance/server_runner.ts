/**
 * Owns the conversations with a server: what is sent when, and when nothing more can come of it. Knows no server.
 *
 * @module
 */

import { MAX_FRAME_SIZE } from "../../http2/frame.ts";
import type { Transport } from "../../net/mod.ts";
import { Peer } from "../http2/peer.ts";
import { type Case, type Cases, type NamedSettings, type Step, stepsOf } from "./cases.ts";
import { type Heard, judge, type Rules, type Verdict } from "./judge.ts";

/** How octets travel: as they are written, or one at a time. */
export type Cut = "whole" | "octets";

/** What a server under test is to be. */
export interface ServerSetup {
  /** The parameters that it announces, by the RFC's names; what is not named is as it likes. */
  readonly settings: NamedSettings;
  /** The least length of its answers, in bytes. */
  readonly bodyBytes: number;
  /** Whether it reads what requests contain before it answers. */
  readonly reads: boolean;
}

/**
 * A server under test. It answers each request, once it was received whole, with 200 and what it saw: a JSON object with
 * `method`, `path` (`*` in an OPTIONS request for the whole server), `body` and `trailers`.
 */
export interface ServerUnderTest extends AsyncDisposable {
  /** Whether it answers so, or with something else of 5 octets or more. */
  readonly echoes: boolean;
  /** Opens a connection. */
  connect(cut: Cut): Promise<Transport>;
  /** Lets all that is under way go on, until nothing more can come without something being sent. */
  settle(peer: Peer): Promise<void>;
}

/** Starts a server under test. */
export type StartServer = (setup: ServerSetup) => Promise<ServerUnderTest>;

/** What {@linkcode converse} goes by. */
export interface ConverseOptions extends Pick<Rules, "errorCodes" | "isStrict"> {
  readonly cut: Cut;
}

/** Longest answer that the few cases need which ask for a long one, in bytes. */
const LONG_BODY = 40_000;

/** What the server must be for a case. */
export function setupOf(test: Case): ServerSetup {
  const isLong = test.expect.kind === "response" && test.expect.max_frame !== undefined;
  return {
    settings: test.server_settings ?? {},
    bodyBytes: isLong ? LONG_BODY : 5,
    reads: !(test.note ?? "").includes("a handler that does not read the body"),
  };
}

/** Holds the conversations of all cases for servers, each kind of server started once; gives why each failed, by its id. */
export async function converseAll(
  { cases, error_codes }: Cases,
  start: StartServer,
  options: Omit<ConverseOptions, "errorCodes">,
): Promise<Map<string, string | undefined>> {
  await using stack = new AsyncDisposableStack();
  const servers = new Map<string, ServerUnderTest>();
  const results = new Map<string, string | undefined>();
  for (const test of cases) {
    if (test.role !== "server") continue;
    const setup = setupOf(test);
    const key = JSON.stringify(setup);
    const server = servers.get(key) ?? stack.use(await start(setup));
    servers.set(key, server);
    results.set(test.id, await converse(server, test, { ...options, errorCodes: error_codes }));
  }
  return results;
}

/** Holds a case's conversation; gives why what is expected did not come, `undefined` where it did. */
export async function converse(
  server: ServerUnderTest,
  test: Case,
  options: ConverseOptions,
): Promise<string | undefined> {
  const { raw = false, expect } = test;
  const transport = await server.connect(options.cut);
  using peer = new Peer(transport, { role: "client", acknowledges: !raw, maxFrameSize: MAX_FRAME_SIZE });
  if (!raw && !await shakeHands(server, peer)) return "no handshake";
  const from = peer.heard.length;
  for (const step of stepsOf(test)) await play(server, peer, step, from);
  const rules = { ...options, echoes: server.echoes, malformed: test.section.startsWith("8.") };
  const verdict = await decide(server, peer, () => judge(expect, heardFrom(peer, from), rules));
  if (verdict === "open") return `nothing that decides, but ${kindsOf(peer, from)}`;
  if (verdict !== "met") return verdict.because;
  return await aftermath(server, peer, options) ?? await answersAnother(server);
}

/** Begins a connection, and waits until both sides have acknowledged what the other one announced. */
async function shakeHands(server: ServerUnderTest, peer: Peer): Promise<boolean> {
  peer.open();
  const has = (ack: boolean) => peer.heard.some((frame) => frame.type === "settings" && frame.ack === ack);
  return await decide(server, peer, () => has(true) && has(false) ? "met" : "open") === "met";
}

async function play(server: ServerUnderTest, peer: Peer, step: Step, from: number): Promise<void> {
  if (step.type === "send") peer.write(step.octets);
  else if (step.type === "close") peer.end();
  else await decide(server, peer, () => peer.over || happened(peer, step, from) ? "met" : "open");
}

function happened(peer: Peer, { event, streamId }: Extract<Step, { type: "await" }>, from: number): boolean {
  return peer.heard.slice(from).some((frame) => {
    if (event === "settings_ack") return frame.type === "settings" && frame.ack;
    return (frame.type === "headers" || frame.type === "data") && frame.streamId === streamId && frame.endStream;
  });
}

/** Looks again and again, until there is a verdict or nothing more can come. */
async function decide(server: ServerUnderTest, peer: Peer, look: () => Verdict): Promise<Verdict> {
  for (;;) {
    const verdict = look();
    const before = progressOf(peer);
    if (verdict !== "open") return verdict;
    await server.settle(peer);
    if (progressOf(peer) === before) return look();
  }
}

function progressOf({ received, unsent, over }: Peer): string {
  return `${received} ${unsent} ${over}`;
}

/** After an error the connection ends (RFC 9113 §5.4.1); else it goes on, and a PING is answered. */
async function aftermath(
  server: ServerUnderTest,
  peer: Peer,
  { isStrict }: ConverseOptions,
): Promise<string | undefined> {
  const failed = peer.heard.some((frame) => frame.type === "goAway" && frame.code !== 0);
  if (!failed && !peer.over) {
    const payload = new TextEncoder().encode("and now?");
    const answered = () =>
      peer.heard.some((frame) => frame.type === "ping" && frame.ack && isSame(frame.payload, payload));
    peer.write({ type: "ping", streamId: 0, ack: false, payload });
    const verdict = await decide(server, peer, () => answered() || peer.over ? "met" : "open");
    if (verdict === "met" && answered()) return undefined;
    const isLeaving = peer.heard.some((frame) => frame.type === "goAway"); // by its own will, without an error
    return isLeaving && peer.over ? undefined : "no answer to PING afterwards";
  }
  if (!isStrict || await ends(server, peer)) return undefined;
  peer.end(); // a server may wait for what the client has still under way
  return await ends(server, peer) ? undefined : "a connection that stays open";
}

async function ends(server: ServerUnderTest, peer: Peer): Promise<boolean> {
  return await decide(server, peer, () => peer.over ? "met" : "open") === "met";
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.toHex() === other.toHex();
}

/** Whether a fresh connection is answered; if not, tells so. */
export async function answersAnother(server: Pick<ServerUnderTest, "connect">): Promise<string | undefined> {
  using peer = new Peer(await server.connect("whole"), { role: "client", refills: true });
  peer.open();
  const { heads, end } = await peer.message(peer.request());
  const status = heads[0]?.find(([name]) => name === ":status")?.[1];
  return status === "200" && end === "whole" ? undefined : `status ${status}, ${end}, on another connection`;
}

function heardFrom(peer: Peer, from: number): Heard {
  return {
    frames: peer.heard.slice(from),
    fieldsOf: (frame) => peer.fieldsOf(frame),
    over: peer.over,
    text: peer.over ? peer.restText : "",
  };
}

function kindsOf(peer: Peer, from: number): string {
  const kinds = peer.heard.slice(from).map((frame) => `${frame.type} of ${frame.streamId}`);
  return `${kinds.slice(0, 8).join(", ") || "silence"}${peer.over ? ", then the end" : ""}`;
}
