/**
 * Owns the priorities that came before their streams (RFC 9218 §7.1). Knows no stream but by its number.
 *
 * @module
 */

import type { Priority } from "./priority.ts";

/** How many are remembered: as many streams as a peer may open at once by default. */
const MAX_REMEMBERED = 128;

/** The priorities of streams that are not there yet. */
export class EarlyPriorities {
  /** Made when there is something to remember: few clients send any. */
  #priorities: Map<number, Priority> | undefined = undefined;

  /** Remembers one, if there is room. `isIdle` tells of which streams there can still be use. */
  remember(id: number, priority: Priority, isIdle: (id: number) => boolean): void {
    const priorities = this.#priorities ??= new Map();
    if (priorities.size >= MAX_REMEMBERED) {
      for (const passed of priorities.keys()) if (!isIdle(passed)) priorities.delete(passed);
    }
    if (priorities.size < MAX_REMEMBERED || priorities.has(id)) priorities.set(id, priority);
  }

  /** Gives what came for a stream, and forgets it. */
  take(id: number): Priority | undefined {
    const priority = this.#priorities?.get(id);
    if (priority !== undefined) this.#priorities?.delete(id);
    return priority;
  }
}
