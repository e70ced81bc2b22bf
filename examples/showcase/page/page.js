// Owns what moves on the page: charts from the event stream, the runs of routes, copying, the theme. Knows the server
// only by its routes.

/** Milliseconds that the charts cover. */
const SPAN = 120_000;

const root = document.documentElement;
const one = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];

// --- The theme -----------------------------------------------------------------------------------------------------

one("#theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  redraw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());

/** A colour of the style sheet as the canvas understands it: a custom property's `light-dark()` is not resolved. */
const probe = document.body.appendChild(document.createElement("i"));
probe.hidden = true;
function color(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

// --- The charts ----------------------------------------------------------------------------------------------------

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function count(value) {
  return whole.format(value);
}

function duration(milliseconds) {
  if (milliseconds === null) return "–";
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toPrecision(3)} s`;
  return `${milliseconds >= 100 ? milliseconds.toFixed(0) : milliseconds.toPrecision(2)} ms`;
}

/** The charts' lines by the names that samples use; a chart's first line is filled. */
const CHARTS = {
  rate: { lines: ["rate"], show: count },
  latency: { lines: ["p50", "p99"], show: duration, log: true },
  connections: { lines: ["connections", "active"], show: count },
  timers: { lines: ["timers"], show: count },
};

/** Least latency that is drawn, in milliseconds. */
const FASTEST = 0.01;

/** Milliseconds between samples from which on a line is broken. */
const GAP = 2500;

/** The least range that a linear axis shows, so that one connection does not fill it. */
const LEAST = 4;

let samples = [];
const charts = Object.entries(CHARTS).map(([name, chart]) => ({ ...chart, plot: makePlot(name, chart) }));

function makePlot(name, { lines, show, log }) {
  const place = one(`[data-chart="${name}"] .plot`);
  const plot = new uPlot(options(place, lines, show, log), columns(lines), place);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: place.clientHeight })).observe(place);
  return plot;
}

function options(place, lines, show, log) {
  const axis = {
    stroke: () => color("soft"),
    grid: { stroke: () => color("line"), width: 1 },
    ticks: { show: false },
    font: "12px ui-monospace, DejaVu Sans Mono, monospace",
  };
  const marks = log ? { splits: (_, __, low, high) => powersOfTen(low, high), filter: (_, splits) => splits } : {};
  return {
    width: place.clientWidth,
    height: place.clientHeight,
    padding: [10, 22, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-SPAN / 1000, 0] },
      y: log
        ? { distr: 3, range: (_, __, high) => [FASTEST, 10 ** Math.max(1, Math.ceil(Math.log10(high || 1)))] }
        : { range: (_, __, high) => [0, Math.max(LEAST, high * 1.15)] },
    },
    axes: [
      { ...axis, size: 26, splits: () => [-120, -90, -60, -30, 0], values: (_, marks) => marks.map(ago) },
      {
        ...axis,
        ...marks,
        size: 68,
        space: 30,
        values: (_, marks) => marks.map((at) => log ? power(at) : Number.isInteger(at) ? show(at) : ""),
      },
    ],
    series: [
      {},
      ...lines.map((_, at) => ({
        stroke: () => color(at === 0 ? "in" : "out"),
        fill: at === 0 && !log ? () => color("tint") : undefined,
        width: 2,
        points: { show: false },
      })),
    ],
  };
}

function ago(seconds) {
  return seconds === 0 ? "now" : `−${-seconds} s`;
}

function powersOfTen(low, high) {
  const powers = [];
  for (let at = Math.round(Math.log10(low)); at <= Math.log10(high); at++) powers.push(10 ** at);
  return powers;
}

function power(milliseconds) {
  return milliseconds >= 1000 ? `${milliseconds / 1000} s` : `${Number(milliseconds.toPrecision(1))} ms`;
}

/** The samples as the chart wants them: seconds before the latest one, then each line; broken where nobody watched. */
function columns(lines) {
  const table = [[], ...lines.map(() => [])];
  const now = samples.at(-1)?.time;
  let last = now;
  for (const sample of samples) {
    if (sample.time - last > GAP) addRow(table, (sample.time - now - GAP) / 1000, lines.map(() => null));
    addRow(table, (sample.time - now) / 1000, lines.map((line) => sample[line]));
    last = sample.time;
  }
  return table;
}

function addRow([times, ...values], time, row) {
  times.push(time);
  values.forEach((column, at) => column.push(row[at]));
}

function redraw() {
  for (const { plot } of charts) plot.redraw();
}

function draw() {
  for (const { plot, lines, show } of charts) {
    plot.setData(columns(lines));
    for (const line of lines) {
      const latest = samples.at(-1);
      if (latest) one(`[data-now="${line}"]`).textContent = show(latest[line]);
    }
  }
}

function take(sample) {
  samples.push(sample);
  samples = samples.filter(({ time }) => time > sample.time - SPAN);
  draw();
}

const state = one("#stream-state");
function tell(name, text) {
  state.dataset.state = name;
  if (state.textContent !== text) state.textContent = text;
}

const stream = new EventSource("/sse");
stream.addEventListener("history", ({ data }) => {
  samples = JSON.parse(data);
  draw();
});
stream.addEventListener("sample", ({ data }) => {
  take(JSON.parse(data));
  tell("open", "Connected: one event a second");
});
stream.addEventListener("error", () => tell("lost", "Connection lost, trying again"));

// --- Traffic -------------------------------------------------------------------------------------------------------

/** Requests under way at a time; a browser opens six connections to a host, and the event stream holds one. */
const PARALLEL = 5;

/** Without it a browser sends requests for one URL one after the other, in the hope of a cached answer. */
const UNCACHED = { cache: "no-store" };

const LOADS = {
  requests: { total: 500, url: "/hello", done: (ms) => `500 answers in ${duration(ms)}.` },
  delays: { total: PARALLEL, url: "/delay?ms=3000", done: (ms) => `${PARALLEL} answers after ${duration(ms)}.` },
};

async function load({ total, url, done }) {
  const start = performance.now();
  let left = total;
  const lane = async () => {
    while (left-- > 0) {
      const response = await fetch(url, UNCACHED);
      await response.text();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
  return done(performance.now() - start);
}

for (const button of all("[data-load]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    one("#load-state").textContent = "Under way";
    one("#load-state").textContent = await load(LOADS[button.dataset.load]).catch((error) =>
      `Failed: ${error.message}`
    );
    button.disabled = false;
  });
}

// --- Runs of routes ------------------------------------------------------------------------------------------------

/** A mebibyte that any machine can make again: every byte counts up. */
function mebibyte() {
  return Uint8Array.from({ length: 2 ** 20 }, (_, at) => at & 255);
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const RUNS = {
  "/hello": { url: "/hello" },
  "/json": { url: "/json" },
  "/echo": { url: "/echo", init: () => ({ method: "POST", body: "Read me back" }) },
  "/upload": { url: "/upload", init: () => ({ method: "POST", body: mebibyte() }), after: compareDigest },
  "/stream": { url: "/stream?bytes=50000000", read: countBytes },
  "/delay": { url: "/delay?ms=500" },
  "/trailers": {
    url: "/trailers",
    after: () => "A browser's fetch() drops trailers. curl shows the digest that came behind this content.",
  },
  "/hints": { url: "/hints", after: () => "A browser's fetch() shows the last answer only. curl shows the 103 too." },
  "/sse": { url: "/sse?events=2" },
  "/status/": { url: "/status/202" },
  "/ws": { run: talk },
};

/** Says some lines through a WebSocket, each once the one before has come back. */
function talk() {
  const lines = ["Is anybody there?", "It sounds like me.", "Then good night."];
  const socket = new WebSocket(new URL("/ws", location.href.replace(/^http/, "ws")));
  let sent = performance.now();
  const say = () => {
    print("in", lines[0]);
    sent = performance.now();
    socket.send(lines[0]);
  };
  output.replaceChildren();
  return new Promise((resolve, reject) => {
    socket.onopen = () => {
      print("field", `Open: ${socket.extensions || "no extension"}`);
      say();
    };
    socket.onmessage = ({ data }) => {
      print("out", `${data}  (${duration(performance.now() - sent)})`);
      lines.shift();
      if (lines.length > 0) say();
      else socket.close(1000);
    };
    socket.onerror = () => reject(new Error("the WebSocket failed"));
    socket.onclose = ({ code, wasClean }) => {
      print("field", `\nClosed with ${code}, ${wasClean ? "cleanly" : "cut off"}.`);
      resolve();
    };
  });
}

async function compareDigest(text) {
  const own = hex(await crypto.subtle.digest("SHA-256", mebibyte()));
  return JSON.parse(text).sha256 === own
    ? "The same digest as this page computed for the mebibyte that it sent."
    : `This page computed another digest: ${own}`;
}

async function countBytes(response) {
  const start = performance.now();
  let bytes = 0;
  for (const reader = response.body.getReader();;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
  }
  const seconds = (performance.now() - start) / 1000;
  return `${count(bytes)} bytes in ${duration(seconds * 1000)}: ${count(bytes / seconds / 1e6)} MB/s`;
}

const output = one("#output");

function print(kind, text) {
  const line = document.createElement("span");
  line.className = kind;
  line.textContent = `${text}\n`;
  output.append(line);
}

async function runRoute({ url, init = () => ({ method: "GET" }), read = (response) => response.text(), after }) {
  const request = init();
  output.replaceChildren();
  print("in", `${request.method} ${url}`);
  const start = performance.now();
  const response = await fetch(url, request);
  const head = performance.now() - start;
  print("out", `\n${response.status} ${response.statusText}`);
  for (const [name, value] of response.headers) print("field", `${name}: ${value}`);
  const body = await read(response);
  print("body", `\n${body.slice(0, 4000).trimEnd()}`);
  print("field", `\nHead after ${duration(head)}, end after ${duration(performance.now() - start)}.`);
  if (after) print("field", await after(body));
}

for (const button of all("[data-run]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    const route = RUNS[button.dataset.run];
    await (route.run ?? runRoute)(route).catch((error) => print("out", `\nFailed: ${error.message}`));
    button.disabled = false;
  });
}

// --- Copying -------------------------------------------------------------------------------------------------------

/** Copies where the page is not a secure context too, as it isn't under a machine's name on a local network. */
async function copy(text) {
  if (navigator.clipboard) return await navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

for (const button of all("[data-copy]")) {
  button.addEventListener("click", async () => {
    const told = await copy(button.dataset.copy).then(() => "Copied", () => "Select it");
    button.textContent = told;
    setTimeout(() => button.textContent = "Copy", 1500);
  });
}
