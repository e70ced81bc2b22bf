/**
 * Owns the memory in which output is put together: taken when there is something to send, given back when all has left, so
 * that an idle connection has none. Knows nothing of what is written there.
 *
 * @module
 */

/** Size of an arena for heads and small content, in bytes: some hundred answers. */
export const SMALL_ARENA_BYTES: number = 16 * 1024;

/** Size of an arena for more, in bytes: sixteen DATA frames of the usual length leave in one write. */
export const LARGE_ARENA_BYTES: number = 256 * 1024;

/** How many small arenas are kept for reuse: 64 of 16 KiB are 1 MiB. */
const MAX_SMALL_SPARES = 64;

/** How many large arenas are kept for reuse: 16 of 256 KiB are 4 MiB. */
const MAX_LARGE_SPARES = 16;

const smallSpares: Uint8Array[] = [];
const largeSpares: Uint8Array[] = [];

/** Gives an arena of at least `size` bytes. */
export function takeArena(size: number): Uint8Array {
  if (size <= SMALL_ARENA_BYTES) return smallSpares.pop() ?? new Uint8Array(SMALL_ARENA_BYTES);
  if (size <= LARGE_ARENA_BYTES) return largeSpares.pop() ?? new Uint8Array(LARGE_ARENA_BYTES);
  return new Uint8Array(size);
}

/** Takes an arena back that nobody reads or writes any more. */
export function giveArena(arena: Uint8Array): void {
  const { length } = arena;
  if (length === SMALL_ARENA_BYTES && smallSpares.length < MAX_SMALL_SPARES) smallSpares.push(arena);
  else if (length === LARGE_ARENA_BYTES && largeSpares.length < MAX_LARGE_SPARES) largeSpares.push(arena);
}
