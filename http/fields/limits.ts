/**
 * Owns the default limits of what a message's frame may weigh, each with its unit and precedent; enforces none of them.
 *
 * @module
 */

/** Longest request target, in bytes; a longer one is answered 414. nginx allows 8 KiB a line, Apache httpd 8,190 bytes. */
export const DEFAULT_TARGET_LIMIT = 8 * 1024;
/** Longest head (start line and header section), in bytes; a longer one is answered 431. nginx allows 32 KiB, Node.js 16 KiB. */
export const DEFAULT_HEAD_LIMIT = 16 * 1024;
/** Most field lines in a header section; more are answered 431. Apache httpd, hyper and Python allow 100, Node.js 2,000. */
export const DEFAULT_FIELD_COUNT_LIMIT = 100;
/** Most bytes that the chunk extensions of one message take in all. Go allows 16 KiB beyond a share of the content, Node.js 16 KiB. */
export const DEFAULT_CHUNK_EXTENSION_LIMIT = 16 * 1024;
/** Longest trailer section, in bytes; a longer one is answered 431. As the head: Node.js counts both against 16 KiB. */
export const DEFAULT_TRAILER_LIMIT = 16 * 1024;
/** Most field lines in a trailer section; more are answered 431. As in the header section. */
export const DEFAULT_TRAILER_COUNT_LIMIT = 100;
