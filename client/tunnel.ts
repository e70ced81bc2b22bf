/**
 * Owns the opening of a tunnel: CONNECT (RFC 9110 §9.3.6) and upgrades (§7.8), up to the raw duplex. Knows nothing of what
 * travels through it.
 *
 * @module
 */

import type { BodySource } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { listElements } from "../http/fields/list.ts";
import { isIdempotentMethod } from "../http/fields/method.ts";
import type { Transport } from "../net/transport.ts";
import type { ClientContext } from "./context.ts";
import { rejectionOf, TunnelRefusedError } from "./error.ts";
import type { Exchange, ExchangeDriver, ReceivedHead } from "./exchange.ts";
import type { Resend } from "./failure.ts";
import { MAX_RESENDS, type TaskOwner } from "./fetch_task.ts";
import { fieldsOf } from "./request.ts";
import { lazyResponse, protocolOfHead } from "./response.ts";
import type { Target } from "./target.ts";
import type { Tunnel, TunnelInit } from "./types.ts";
import { expectedVersion } from "./version.ts";
import { WireRequest } from "./wire_request.ts";

/** What a tunnel is asked for with. */
export interface TunnelRequest {
  /** `CONNECT`, or `GET` for an upgrade. */
  readonly method: "CONNECT" | "GET";
  /** The server that is asked. */
  readonly target: Target;
  /** The request target: `host:port`, or the path. */
  readonly path: string;
  /** What `host` says. */
  readonly host: string;
  /** The protocols that are offered, the most wanted first; none for CONNECT. */
  readonly protocols: readonly string[];
}

/** What asks for a tunnel frames no content, and rules its connection itself. */
const OURS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** Makes a tunnel's request ready to be sent. */
function encodeTunnel(request: TunnelRequest, init: TunnelInit, { userAgent, protocols }: ClientContext): WireRequest {
  const fields: Field[] = fieldsOf(init.headers).filter(({ name }) => !OURS.has(name));
  if (userAgent !== "" && !fields.some(({ name }) => name === "user-agent")) {
    fields.push({ name: "user-agent", value: userAgent });
  }
  const { secure } = request.target;
  return new WireRequest({
    ...request,
    secure,
    fields,
    contentLength: 0,
    saysLength: false,
    announcements: [],
    expectsContinue: false,
    closes: false,
  }).prepare(expectedVersion(protocols, secure));
}

/** One attempt to open a tunnel. */
export class TunnelTask implements Exchange {
  readonly request: WireRequest;
  readonly content = null;
  needsHttp1 = false;
  readonly #owner: TaskOwner;
  readonly #tunnel: TunnelRequest;
  readonly #init: TunnelInit;
  readonly #settle: PromiseWithResolvers<Tunnel> = Promise.withResolvers();
  #driver: ExchangeDriver | undefined;
  #resends = 0;
  #over = false;

  /** Throws a `TypeError` where a field or the authority can't be written. */
  constructor(owner: TaskOwner, tunnel: TunnelRequest, init: TunnelInit) {
    this.#owner = owner;
    this.#tunnel = tunnel;
    this.#init = init;
    this.request = encodeTunnel(tunnel, init, owner.context);
  }

  /** Asks for the tunnel. */
  run(): Promise<Tunnel> {
    const { signal } = this.#init;
    if (signal?.aborted) return Promise.reject(signal.reason);
    signal?.addEventListener("abort", this.#onAbort);
    this.#owner.carrier.carry(this.#tunnel.target, this);
    return this.#settle.promise;
  }

  /** See {@linkcode Exchange.assigned}. */
  assigned(driver: ExchangeDriver): void {
    this.#driver = driver;
  }

  /** There is no content. */
  sendContent(): void {}

  /** See {@linkcode Exchange.informed}. */
  informed(head: ReceivedHead): void {
    try {
      this.#init.onInformation?.({ status: head.status, headers: headersOf(head) });
    } catch (error) {
      reportError(error);
    }
  }

  /** The server gave a plain answer: its content is the caller's to read. */
  responded(head: ReceivedHead, body: BodySource | null): void {
    const response = this.#responseOf(head, body);
    const what = this.#tunnel.method === "CONNECT" ? "connect" : "upgrade";
    this.#finish();
    const error = new TunnelRefusedError(`Cannot ${what} as the server must accept: received ${head.status}`, response);
    this.#settle.reject(rejectionOf(error));
  }

  /** See {@linkcode Exchange.switched}. */
  switched(head: ReceivedHead, transport: Transport): void {
    this.#finish();
    const chosen = head.fields().filter(({ name }) => name === "upgrade").flatMap(({ value }) => listElements(value));
    // Over HTTP/2 (RFC 8441) the first was asked for, and no field says so.
    const protocol = head.status === 101 ? chosen.join(", ") : this.#tunnel.protocols[0] ?? "";
    this.#settle.resolve({ response: this.#responseOf(head, null), protocol, transport });
  }

  /** The answer was received whole. */
  ended(): void {}

  /** See {@linkcode Exchange.failed}. */
  failed(error: unknown, resend: Resend): void {
    if (this.#over) return;
    if (!this.#mayResend(resend)) {
      this.#finish();
      this.#settle.reject(rejectionOf(error));
      return;
    }
    this.#resends++;
    this.#driver = undefined;
    if (resend === "http/1.1") this.needsHttp1 = true;
    else if (resend !== "refused") this.#owner.carrier.distrust(this.#tunnel.target);
    this.#owner.carrier.carry(this.#tunnel.target, this);
  }

  /** RFC 9110 §9.2.2: a CONNECT that may have been processed is not sent again, as it is not idempotent. */
  #mayResend(resend: Resend): boolean {
    if (resend === "no" || this.#resends >= MAX_RESENDS) return false;
    return resend !== "unanswered" || isIdempotentMethod(this.#tunnel.method);
  }

  /** See {@linkcode Exchange.broken}. */
  broken(error: unknown): unknown {
    return rejectionOf(error);
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#init.signal?.reason;
    this.#finish();
    this.#settle.reject(reason);
    this.#owner.carrier.withdraw(this.#tunnel.target, this);
    if (this.#driver?.carries(this)) this.#driver.abort(reason);
  };

  #finish(): void {
    this.#over = true;
    this.#init.signal?.removeEventListener("abort", this.#onAbort);
  }

  #responseOf(head: ReceivedHead, body: BodySource | null): Response {
    return lazyResponse({
      status: head.status,
      statusText: head.reason,
      fields: () => head.fields(),
      body,
      url: this.#tunnel.target.href,
      redirected: false,
      protocol: protocolOfHead(head),
      bodyLimit: this.#owner.context.limits.maxBodyBytes,
    });
  }
}

function headersOf(head: ReceivedHead): Headers {
  return new Headers(head.fields().map(({ name, value }): [string, string] => [name, value]));
}
