/**
 * Owns the shape of a measured case: who contends, in which unit, for which targets. Knows no server, tool or protocol, so
 * that a case may measure servers under one load as well as clients against one server.
 *
 * @module
 */

/** The contender that the ratios are of. */
export const SUBJECT = "ours";

/** What a figure counts. */
export interface Unit {
  /** As the table's heading shows it. */
  readonly name: string;
  /** Shows a figure, without the unit's name. */
  format(value: number): string;
}

/** What a contender answers to the case's own request; all of a case must answer the same. */
export interface Answer {
  /** The status code. */
  readonly status: number;
  /** The `content-type` field, or `null`. */
  readonly type: string | null;
  /** The `content-encoding` field, or `null`. */
  readonly encoding: string | null;
  /** Whether a `date` field is there. */
  readonly date: boolean;
  /** How the body is delimited (RFC 9112 §6.3; by `frames` alone: RFC 9113 §8.1). */
  readonly framing: "content-length" | "chunked" | "close" | "frames";
  /** The body's length in bytes, and its SHA-256 in hexadecimal digits. */
  readonly body: string;
}

/** A contender that is ready to be measured; disposing it ends its process. */
export interface Opened extends AsyncDisposable {
  /** Asks the case's own request once. */
  answer(): Promise<Answer>;
  /** Measures for about `seconds` and gives one figure, in the case's unit. */
  sample(seconds: number): Promise<number>;
}

/** One of those that a case measures side by side. */
export interface Contender {
  /** As the table shows it. */
  readonly name: string;
  /** Whether it is but a loop of bytes, that may frame its body in a simpler way than a server does. */
  readonly floor: boolean;
  /** The programs that it needs. */
  readonly programs: readonly string[];
  /** Starts its process. */
  open(): Promise<Opened>;
}

/** What the subject is to reach: so many times a peer's figure, or a figure of its own. */
export type Target = { readonly against: string; readonly atLeast: number } | { readonly atMost: number };

/** One row of the table of cases. */
export interface Case {
  /** What it is selected by. */
  readonly name: string;
  /** What is measured, in one line. */
  readonly title: string;
  /** What a figure counts. */
  readonly unit: Unit;
  /** Those that are measured, the subject first. */
  readonly contenders: readonly Contender[];
  /** What the subject is to reach; none where the figures are reported only. */
  readonly targets: readonly Target[];
}

/** Requests a second. */
export const REQUESTS: Unit = {
  name: "requests/s",
  format: (value) => Math.round(value).toLocaleString("en-US"),
};

/** Messages a second. */
export const MESSAGES: Unit = { ...REQUESTS, name: "messages/s" };

/** Bytes a second, shown in GB/s (1e9). */
export const BYTES: Unit = { name: "GB/s", format: (value) => (value / 1e9).toFixed(2) };

/** Bytes of memory a connection, shown in KiB. */
export const MEMORY: Unit = { name: "KiB each", format: (value) => (value / 1024).toFixed(1) };

/**
 * Tells how the contenders' answers differ from the first one's, one line a difference; empty when all are equal. A body
 * may be framed otherwise by those in `floors`, as they are no servers.
 */
export function differences(answers: ReadonlyMap<string, Answer>, floors: ReadonlySet<string>): string[] {
  const lines: string[] = [];
  let first: [string, Answer] | undefined;
  for (const [name, answer] of answers) {
    if (!answer.date) lines.push(`${name} sends no date`);
    first ??= [name, answer];
    const [firstName, expected] = first;
    for (const key of ["status", "type", "encoding", "framing", "body"] as const) {
      if (key === "framing" && floors.has(name)) continue;
      if (answer[key] !== expected[key]) lines.push(`${key}: ${firstName} ${expected[key]}, ${name} ${answer[key]}`);
    }
  }
  return lines;
}
