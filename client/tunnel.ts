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
import type { ClientRequest } from "../http1/client_phases.ts";
import type { Transport } from "../net/transport.ts";
import { rejectionOf, TunnelRefusedError } from "./error.ts";
import type { Exchange, ExchangeDriver, ReceivedHead } from "./exchange.ts";
import type { Resend } from "./failure.ts";
import { MAX_RESENDS, type TaskOwner } from "./fetch_task.ts";
import { encodeHead, fieldsOf } from "./request.ts";
import { lazyResponse } from "./response.ts";
import type { Target } from "./target.ts";
import type { Tunnel, TunnelInit } from "./types.ts";

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

/** Writes a tunnel's head. */
function encodeTunnel(request: TunnelRequest, init: TunnelInit, userAgent: string): ClientRequest {
  const { method, path, host, protocols } = request;
  const own = ["connection", "content-length", "host", "transfer-encoding", "upgrade"];
  const fields: Field[] = fieldsOf(init.headers).filter(({ name }) => !own.includes(name));
  if (userAgent !== "" && !fields.some(({ name }) => name === "user-agent")) {
    fields.push({ name: "user-agent", value: userAgent });
  }
  if (protocols.length > 0) {
    fields.push({ name: "upgrade", value: protocols.join(", ") }, { name: "connection", value: "upgrade" });
  }
  return {
    method,
    head: encodeHead({ method, target: path, host, fields }),
    contentLength: 0,
    expectsContinue: false,
    closes: false,
    protocols: protocols.map((protocol) => protocol.toLowerCase()),
  };
}

/** One attempt to open a tunnel. */
export class TunnelTask implements Exchange {
  readonly request: ClientRequest;
  readonly content = null;
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
    this.request = encodeTunnel(tunnel, init, owner.context.userAgent);
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
    const protocol = this.#tunnel.method === "CONNECT" ? "" : chosen.join(", ");
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
    this.#owner.carrier.distrust(this.#tunnel.target);
    this.#owner.carrier.carry(this.#tunnel.target, this);
  }

  /** RFC 9110 §9.2.2: a CONNECT that may have been processed is not sent again, as it is not idempotent. */
  #mayResend(resend: Resend): boolean {
    if (resend === "no" || this.#resends >= MAX_RESENDS) return false;
    return resend === "unsent" || isIdempotentMethod(this.#tunnel.method);
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
      bodyLimit: this.#owner.context.limits.maxBodyBytes,
    });
  }
}

function headersOf(head: ReceivedHead): Headers {
  return new Headers(head.fields().map(({ name, value }): [string, string] => [name, value]));
}
