import { assertEquals, assertThrows } from "@std/assert";
import { type Platform, platformProcess } from "../../runtime/mod.ts";

/** A platform that knows some signals only, as Deno does on Windows. */
class FakePlatform implements Platform {
  readonly build: Platform["build"];
  readonly handlers = new Map<Deno.Signal, () => void>();
  readonly exits: (number | undefined)[] = [];
  readonly #known: readonly Deno.Signal[];

  constructor(os: Platform["build"]["os"], known: readonly Deno.Signal[]) {
    this.build = { os };
    this.#known = known;
  }

  addSignalListener(signal: Deno.Signal, handler: () => void): void {
    if (!this.#known.includes(signal)) throw new TypeError(`no ${signal} here`);
    this.handlers.set(signal, handler);
  }

  removeSignalListener(signal: Deno.Signal, handler: () => void): void {
    if (this.handlers.get(signal) === handler) this.handlers.delete(signal);
  }

  exit(code?: number): void {
    this.exits.push(code);
  }
}

Deno.test("platformProcess() listens to the signals that the platform has, and lets go of them", () => {
  for (
    const { os, signals } of [
      { os: "linux", signals: ["SIGINT", "SIGTERM"] },
      { os: "darwin", signals: ["SIGINT", "SIGTERM"] },
      { os: "windows", signals: ["SIGINT", "SIGBREAK"] },
    ] as const
  ) {
    const platform = new FakePlatform(os, signals);
    const seen: string[] = [];
    {
      using _listening = platformProcess(platform).onEndSignal((signal) => seen.push(signal));
      for (const handler of platform.handlers.values()) handler();
      assertEquals(seen, [...signals]);
    }
    assertEquals(platform.handlers.size, 0);
  }
});

Deno.test("FakePlatform says no to a foreign signal, as the platform does", () => {
  assertThrows(() => new FakePlatform("windows", ["SIGINT"]).addSignalListener("SIGTERM", () => {}), TypeError);
});

Deno.test("platformProcess() exits with the code that it is given", () => {
  const platform = new FakePlatform("linux", []);
  platformProcess(platform).exit(143);
  assertEquals(platform.exits, [143]);
});
