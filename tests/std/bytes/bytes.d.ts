/**
 * Owns the signatures of `@std/bytes`; must not know how they are carried out.
 *
 * @module
 */

/** One new array of all of them, in order. */
export declare function concat(buffers: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
/** Copies as many bytes as fit; gives how many those were. */
export declare function copy(src: Uint8Array, dst: Uint8Array, offset?: number): number;
/** Whether `source` ends with `suffix`. */
export declare function endsWith(source: Uint8Array, suffix: Uint8Array): boolean;
/** Whether both hold the same bytes. */
export declare function equals(a: Uint8Array, b: Uint8Array): boolean;
/** Whether `needle` occurs in `source` at or after `start`. */
export declare function includesNeedle(source: Uint8Array, needle: Uint8Array, start?: number): boolean;
/** The first index of `needle` at or after `start`, or -1. */
export declare function indexOfNeedle(source: Uint8Array, needle: Uint8Array, start?: number): number;
/** The last index of `needle` at or before `start`, or -1. */
export declare function lastIndexOfNeedle(source: Uint8Array, needle: Uint8Array, start?: number): number;
/** `count` copies of `source`, one after another. */
export declare function repeat(source: Uint8Array, count: number): Uint8Array<ArrayBuffer>;
/** Whether `source` starts with `prefix`. */
export declare function startsWith(source: Uint8Array, prefix: Uint8Array): boolean;
