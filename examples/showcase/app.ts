/**
 * Owns the showcase's handler: which route answers, and how long it took. Knows nothing of sockets and flags.
 *
 * @module
 */

import { CloseCode, type HttpWebSocket, type ServeInfo, WebSocketHandshakeError } from "@avx/http";
import type { Scheduler } from "@avx/http/timer";
import { assetAt } from "./assets.ts";
import { type Counts, Figures } from "./figures.ts";
import { renderPage } from "./page.ts";
import { Refusal } from "./query.ts";
import { allowed, type Route, ROUTES, type Visit, wrongMethod } from "./routes.ts";

/** What the showcase is built on. */
export interface ShowcaseOptions {
  /** The one owner of time. */
  readonly scheduler: Scheduler;
  /** Gives the server's counts as they are now. */
  readonly counts: () => Counts;
}

/** The showcase: a handler for `serve`, and the live figures that it shows. */
export class Showcase implements Disposable {
  readonly #figures: Figures;
  readonly #scheduler: Scheduler;
  readonly #sockets = new Set<HttpWebSocket>();

  /** Makes a showcase of its own figures. */
  constructor({ scheduler, counts }: ShowcaseOptions) {
    this.#scheduler = scheduler;
    this.#figures = new Figures(scheduler, counts);
  }

  /** Answers a request. What a handler refuses becomes a 4xx with one line of text; other errors are the server's. */
  readonly handle = (request: Request, info: ServeInfo): Response | Promise<Response> => {
    const start = this.#scheduler.now();
    const url = new URL(request.url);
    if (url.pathname !== "/sse") this.#measure(start, info.completed);
    const visit = { request, url, info, figures: this.#figures, scheduler: this.#scheduler, sockets: this.#sockets };
    try {
      const answer = respond(visit);
      return answer instanceof Promise ? answer.catch((error: unknown) => refused(error, request)) : answer;
    } catch (error) {
      return refused(error, request);
    }
  };

  /** Ends the event streams and WebSockets, so that a server that waits for what is in flight needn't wait for its watchers. */
  [Symbol.dispose](): void {
    this.#figures[Symbol.dispose]();
    for (const socket of this.#sockets) socket.close(CloseCode.GoingAway, "the server ends");
  }

  /** Counts the time until the last byte was handed over; an exchange that broke off has no such time. */
  #measure(start: number, completed: Promise<void>): void {
    completed.then(() => this.#figures.record(start), () => {});
  }
}

/** The answer to what a route threw, if it is one to be answered: a refusal, or a wait that ended with the request. */
function refused(error: unknown, { signal }: Request): Response {
  if (error instanceof Refusal || error instanceof WebSocketHandshakeError) return error.toResponse();
  if (!signal.aborted) throw error;
  return new Response("Cannot answer as the request was given up\n", { status: 503 });
}

function respond(visit: Visit): Response | Promise<Response> {
  const { request, url } = visit;
  const route = routeOf(url.pathname);
  if (route !== undefined) {
    if (allowed(route.methods).includes(request.method)) return route.answer(visit);
    throw wrongMethod(request.method, url.pathname, route.methods);
  }
  const file = url.pathname === "/" ? renderPage(visit) : assetAt(url.pathname, request);
  if (file === undefined) throw new Refusal(404, `Cannot find ${url.pathname.slice(0, 80)}: GET / lists what there is`);
  if (request.method === "GET" || request.method === "HEAD") return file;
  throw wrongMethod(request.method, url.pathname, ["GET"]);
}

function routeOf(pathname: string): Route | undefined {
  return ROUTES.find(({ path }) => path.endsWith("/") ? pathname.startsWith(path) : pathname === path);
}
