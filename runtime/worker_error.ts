/**
 * Owns the errors of worker pools; must not know when they are thrown.
 *
 * @module
 */

/** A worker ended before it answered a call. The `cause` is what it ended with, if anything. */
export class WorkerEndedError extends Error {
  /** The class's name. */
  override readonly name = "WorkerEndedError";
}

/** Workers could not be started: the `cause` is what the first one failed with, such as what is wrong with the module. */
export class WorkerStartError extends Error {
  /** The class's name. */
  override readonly name = "WorkerStartError";
}
