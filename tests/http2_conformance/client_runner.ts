/**
 * Owns the conversations with a client, whose server is played by hand: what is sent when, and when nothing more can come of
 * it. Knows no client.
 *
 * @module
 */

import { MAX_FRAME_SIZE } from "../../http2/frame.ts";
import type { Listener } from "../../net/mod.ts";
import { Peer } from "../http2/peer.ts";
import { type Case, type NamedSettings, type Step, stepsOf } from "./cases.ts";
import { type ClientOutcome, type Heard, judge, type Rules, type Verdict } from "./judge.ts";

/** A client under test, which gets `/` from the one server there is. */
export interface ClientUnderTest extends AsyncDisposable {
  /** The status of the response, once its head came; 0 where none comes. */
  readonly status: Promise<number>;
  /** What its caller gets in the end. */
  readonly outcome: Promise<ClientOutcome>;
}

/** Where a client under test finds its server, and how it is waited for. */
export interface ClientStage {
  /** Accepts what the client dials. */
  readonly listener: Listener;
  /** Makes the client send its request, having announced these parameters, named as the RFC does. */
  start(settings: NamedSettings): ClientUnderTest | Promise<ClientUnderTest>;
  /** Lets all that is under way go on, until nothing more can come without something being sent. */
  settle(peer: Peer): Promise<void>;
}

/** What {@linkcode serveCase} goes by. */
export type ServeCaseOptions = Pick<Rules, "errorCodes" | "isStrict">;

/** A conversation that goes on. */
interface Talk {
  readonly stage: ClientStage;
  readonly peer: Peer;
  status: number | undefined;
  outcome: ClientOutcome | undefined;
  /** Whether the request came again, on this connection or another one. */
  resent: boolean;
}

/** Plays a case's server; gives why what is expected did not come, `undefined` where it did. */
export async function serveCase(
  stage: ClientStage,
  test: Case,
  options: ServeCaseOptions,
): Promise<string | undefined> {
  const { raw = false } = test;
  const client = await stage.start(test.client_settings ?? {});
  const transport = await stage.listener.accept();
  const peer = new Peer(transport, { role: "server", acknowledges: !raw, maxFrameSize: MAX_FRAME_SIZE });
  const talk: Talk = { stage, peer, status: undefined, outcome: undefined, resent: false };
  const told = [
    client.status.then((status) => void (talk.status = status)),
    client.outcome.then((outcome) => void (talk.outcome = outcome)),
  ];
  const further = acceptFurther(talk);
  try {
    return await hold(talk, test, options);
  } finally {
    peer.close();
    await client[Symbol.asyncDispose]();
    stage.listener.close();
    await Promise.all([further, ...told]);
  }
}

async function hold(talk: Talk, test: Case, options: ServeCaseOptions): Promise<string | undefined> {
  const { peer } = talk;
  if (!test.raw) peer.open();
  const asked = await decide(talk, () => requestsOf(peer) > 0 ? "met" : "open");
  if (asked !== "met") return "no request";
  const from = peer.heard.length;
  for (const step of stepsOf(test)) play(peer, step);
  const rules = { ...options, echoes: false, malformed: false };
  const verdict = await decide(talk, () => judge(test.expect, heardFrom(talk, from), rules));
  if (verdict === "open") return `nothing that decides, but ${kindsOf(talk, from)}`;
  return verdict === "met" ? undefined : verdict.because;
}

/** Later connections are answered as any server would; a request on one is the same request again. */
async function acceptFurther(talk: Talk): Promise<void> {
  const peers: Peer[] = [];
  try {
    for (;;) {
      const peer = new Peer(await talk.stage.listener.accept(), { role: "server" });
      peers.push(peer);
      answer(talk, peer);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // the listener is closed
  }
  for (const peer of peers) peer.close();
}

async function answer(talk: Talk, peer: Peer): Promise<void> {
  peer.open();
  for (let frame = await peer.next(); frame !== undefined; frame = await peer.next()) {
    if (frame.type !== "headers") continue;
    talk.resent = true;
    peer.headers(frame.streamId, [[":status", "200"]], { end: true });
  }
}

function play(peer: Peer, step: Step): void {
  if (step.type === "await") throw new Error(`Cannot play a server as steps must be known: received ${step.event}`);
  if (step.type === "send") peer.write(step.octets);
  else peer.end().then(() => peer.close());
}

/** Looks again and again, until there is a verdict or nothing more can come. */
async function decide(talk: Talk, look: () => Verdict): Promise<Verdict> {
  for (;;) {
    const verdict = look();
    const before = progressOf(talk);
    if (verdict !== "open") return verdict;
    await talk.stage.settle(talk.peer);
    if (progressOf(talk) === before) return look();
  }
}

/** All that a verdict may hang on; answers to PING are none of that, as those are what is waited by. */
function progressOf({ peer, status, outcome, resent }: Talk): string {
  const frames = peer.heard.filter(({ type }) => type !== "ping").length;
  return `${frames} ${peer.unsent} ${peer.over} ${status} ${outcome !== undefined} ${resent}`;
}

function requestsOf(peer: Peer): number {
  return peer.heard.filter(({ type }) => type === "headers").length;
}

function heardFrom({ peer, status, outcome, resent }: Talk, from: number): Heard {
  return {
    frames: peer.heard.slice(from),
    fieldsOf: (frame) => peer.fieldsOf(frame),
    over: peer.over,
    text: peer.over ? peer.restText : "",
    client: { status, outcome, resent: resent || requestsOf(peer) > 1 },
  };
}

function kindsOf({ peer, outcome }: Talk, from: number): string {
  const kinds = peer.heard.slice(from).map((frame) => `${frame.type} of ${frame.streamId}`);
  return `${kinds.join(", ") || "silence"}${peer.over ? ", then the end" : ""}; the caller has ${
    Deno.inspect(outcome)
  }`;
}
