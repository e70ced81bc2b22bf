/**
 * Owns how the end of a thread is noticed, however it ends: the thread holds a Web Lock as long as it lives, and who waits
 * for the lock has it then. The platform tells of uncaught errors only, not of `close()` or `Deno.exit()`. Must not know
 * what the thread is for.
 *
 * @module
 */

/** What a thread is told first: the name of its lock. */
export interface LockWord {
  /** The lock's name, that no other has. */
  readonly lock: string;
}

/** What a thread says once it holds its lock. */
export const UP = "worker is up";

/** Whether data is a {@linkcode LockWord}. */
export function isLockWord(data: unknown): data is LockWord {
  return typeof data === "object" && data !== null && "lock" in data && typeof data.lock === "string";
}

/** The part of the Web Locks API that is used here; Deno's types don't have it. */
interface Locks {
  request(name: string, options: { signal?: AbortSignal }, held: () => Promise<void>): Promise<void>;
}

function isLocks(value: unknown): value is Locks {
  return typeof value === "object" && value !== null && "request" in value && typeof value.request === "function";
}

/** @throws {TypeError} Where the platform has no Web Locks: Deno has them. */
function platformLocks(): Locks {
  const locks: unknown = Reflect.get(navigator, "locks");
  if (!isLocks(locks)) throw new TypeError("Cannot follow workers as the platform must have navigator.locks");
  return locks;
}

/** Takes the lock for as long as this thread lives, and then calls `held`. */
export function holdLock(name: string, held: () => void): void {
  platformLocks().request(name, {}, () => {
    held();
    return new Promise<never>(() => {});
  });
}

/** Settles once nobody holds the lock any more; rejects with the signal's reason if that aborts before. */
export async function lockReleased(name: string, signal: AbortSignal): Promise<void> {
  await platformLocks().request(name, { signal }, () => Promise.resolve());
}
