/**
 * Owns the tests of servers on several cores as programs under load: what is lost, and what is not, when their module is
 * reloaded, when a worker crashes, when all are replaced.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { programTest } from "../programs.ts";
import { Load, Program } from "./workers_load.ts";

const PROGRAMS = { programs: ["deno"], ignore: Deno.build.os !== "linux" };

for (
  const [what, options] of [
    ["16 kept connections", { clients: 16, once: false }],
    ["a connection a request", { clients: 8, once: true }],
  ] as const
) {
  programTest(`ten reloads under ${what} lose no request, and both workers have the last`, PROGRAMS, async () => {
    await using program = await Program.start(2);
    const load = new Load(program.port, options);
    {
      await using _ending = load;
      for (let reload = 0; reload < 10; reload++) {
        await load.more(50);
        await program.order("reload");
      }
      await load.more(100);
      assertEquals(load.version, "10");
    }
    assertEquals(load.lost, []);
    assertEquals([...load.byWorker.keys()].sort(), ["0", "1"]);
    const stats = await program.order("stats");
    assertEquals([stats?.requests, stats?.crashes, stats?.workers], [load.answered, 0, 2]);
  });
}

programTest(
  "a worker that crashes under load loses what was in flight on it, which is counted, and nothing else",
  PROGRAMS,
  async () => {
    await using program = await Program.start(2);
    const load = new Load(program.port, { clients: 16, once: false });
    {
      await using _ending = load;
      await load.reached(() => load.byWorker.size === 2 && load.answered > 200);
      assertEquals(load.lost, []);
      using killer = await Deno.connect({ hostname: "127.0.0.1", port: program.port });
      await killer.write(new TextEncoder().encode("GET /crash HTTP/1.1\r\nhost: a\r\n\r\n"));
      assertEquals(await killer.read(new Uint8Array(10)).catch(() => null), null);
      await load.more(200);
    }
    const stats = await program.order("stats");
    assert(stats !== undefined && program.crashed.length === 1);
    const workers = new Set(load.lost.map(({ worker }) => worker));
    assertEquals(workers, new Set([String(program.crashed[0])]), "the other worker lost nothing");
    assertEquals(stats.lostConnections, load.lost.length + 1, "each client that was there, and the killer");
    assert(stats.lostRequests >= 1 && stats.lostRequests <= stats.lostConnections);
    assertEquals(stats.crashes, 1);
    const newcomers = new Load(program.port, { clients: 4, once: true });
    {
      await using _ending = newcomers;
      await newcomers.reached(() => newcomers.byWorker.size === 2); // another has taken its place
    }
    assertEquals(newcomers.lost, []);
    assertEquals((await program.order("stats"))?.workers, 2);
  },
);

programTest(
  "WorkersServer.restart() under kept connections replaces all workers and loses no request",
  PROGRAMS,
  async () => {
    await using program = await Program.start(2);
    const load = new Load(program.port, { clients: 16, once: false });
    {
      await using _ending = load;
      await load.more(100);
      await program.order("restart");
      await load.more(100);
    }
    assertEquals(load.lost, []);
    const stats = await program.order("stats");
    assertEquals([stats?.requests, stats?.workers, stats?.crashes, stats?.lostRequests], [load.answered, 2, 0, 0]);
  },
);

programTest(
  "a server without the flag that its workers need says so, and its process lives to tell",
  PROGRAMS,
  async () => {
    await assertRejects(
      () => Program.start(2, { flags: [] }),
      Error,
      "TypeError: Cannot serve by 2 workers as they share a port, which needs Deno's flag --unstable-net",
    );
    await using program = await Program.start(1, { flags: [] });
    const load = new Load(program.port, { clients: 2, once: false });
    {
      await using _ending = load;
      await load.more(10);
      await program.order("reload");
      await load.more(10);
    }
    assertEquals([load.lost, load.version], [[], "1"]);
  },
);

programTest("a module that can't be loaded is an error of the call", PROGRAMS, async () => {
  await assertRejects(
    () => Program.start(2, { args: ["0", import.meta.resolve("./no_such_app.ts")] }),
    Error,
    "WorkerStartError: Cannot start worker 0 as it must be ready: received TypeError: Module not found",
  );
});

programTest(
  "a port on which another program's workers listen is taken, unless both are told to share it",
  PROGRAMS,
  async () => {
    await using first = await Program.start(2);
    await assertRejects(() => Program.start(2, { args: [String(first.port)] }), Error, "AddrInUse");
    const app = import.meta.resolve("./testdata/workers_app.ts");
    await using second = await Program.start(2, { args: ["0", app, "shared"] });
    await using third = await Program.start(2, { args: [String(second.port), app, "shared"] });
    assertEquals(third.port, second.port);
  },
);

programTest("a reload that fails in one worker changes the module in none", PROGRAMS, async () => {
  const app = `${import.meta.resolve("./testdata/workers_app.ts")}?fails`;
  await using program = await Program.start(2, { args: ["0", app] });
  await program.order("reload");
  assertEquals(program.refused, ["Error: worker 1 can't"]);
  const load = new Load(program.port, { clients: 4, once: true });
  const versions = new Set<string>();
  {
    await using _ending = load;
    await load.reached(() =>
      load.answered > 0 && versions.add(load.version).size > 0 && load.byWorker.size === 2 && load.answered > 50
    );
  }
  assertEquals([...versions], ["0"]);
});
