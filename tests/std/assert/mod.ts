/**
 * Owns the types of `@std/assert` over the npm build of the same code, for places where JSR can't be reached.
 * Must not know who asserts what.
 *
 * @module
 */

// @ts-types="./assert.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";
