/**
 * Owns lines and columns on the way through a text; knows nothing of what the text says.
 *
 * @module
 */

import { JsonError, type JsonErrorKind, type JsonPosition } from "./error.ts";

/** The current line, from which the place of any offset in it follows. */
export class Place {
  /** The line, from 1. */
  line: number;
  /** Offset that has column 1, had all characters of the line one byte. */
  lineStart: number;

  /** Begins at a place. */
  constructor({ offset, line, column }: JsonPosition) {
    this.line = line;
    this.lineStart = offset - column + 1;
  }

  /** The place of an offset in the line. */
  at(offset: number): JsonPosition {
    return { offset, line: this.line, column: offset - this.lineStart + 1 };
  }

  /** The error at an offset in the line. */
  fail(kind: JsonErrorKind, offset: number, expected: string, received: string): JsonError {
    return new JsonError({ ...this.at(offset), kind, expected, received });
  }
}
