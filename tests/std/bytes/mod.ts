/**
 * Owns the types of `@std/bytes` over the npm build of the same code, for places where JSR can't be reached.
 * Must not know whose bytes they are.
 *
 * @module
 */

// @ts-types="./bytes.d.ts"
export * from "npm:deno-std@1.4.0/bytes/mod.js";
