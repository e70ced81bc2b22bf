/**
 * Owns the end of a call as others see it, whatever the version: its signal, whether its answer has left, and that nobody
 * waits for it any more. Knows no wire.
 *
 * @module
 */

/** What a call's end means to those who look at it. */
export abstract class CallLifetime {
  onGone: ((reason: unknown) => void) | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #aborted: { readonly reason: unknown } | undefined = undefined;
  #completed: PromiseWithResolvers<void> | undefined = undefined;
  #gone = false;

  /** Somebody wants to know when the answer has left, or that it won't. */
  protected abstract watch(): void;

  /** The call has just {@linkcode CallLifetime.gone}. */
  protected abstract lost(reason: unknown): void;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.watch();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  get completed(): Promise<void> {
    if (this.#completed === undefined) {
      this.#completed = Promise.withResolvers();
      this.#completed.promise.catch(() => {}); // whoever asked is told; nobody else needs to be
      if (this.#gone) this.#completed.reject(this.#aborted?.reason);
      else this.watch();
    }
    return this.#completed.promise;
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Why the signal has aborted. */
  protected get reason(): unknown {
    return this.#aborted?.reason;
  }

  aborted(reason: unknown): boolean {
    return this.#aborted !== undefined && this.#aborted.reason === reason;
  }

  /** Aborts the request's signal; what reads or writes goes on. */
  abortSignal(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }

  /** The answer has left, whole. */
  left(): void {
    this.#completed?.resolve();
  }

  /** The connection is gone, or ends without this call's answer. */
  fail(reason: unknown): void {
    if (this.#gone) return;
    this.#gone = true;
    this.abortSignal(reason);
    this.lost(reason);
    this.#completed?.reject(reason);
    this.onGone?.(reason);
  }
}
