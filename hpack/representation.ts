/**
 * Owns how the representations of a block begin (RFC 7541 §6): their patterns. Knows nothing of what follows.
 *
 * @module
 */

/** An indexed field: the index has 7 bits (§6.1). */
export const INDEXED = 0x80;
/** A literal that goes into the table: its name's index has 6 bits (§6.2.1). */
export const INCREMENTAL = 0x40;
/** A size update: the size has 5 bits (§6.3). */
export const SIZE_UPDATE = 0x20;
/** A literal that never goes into a table: its name's index has 4 bits (§6.2.3). */
export const NEVER = 0x10;
/** A literal that doesn't go into the table: its name's index has 4 bits (§6.2.2). */
export const WITHOUT = 0x00;
