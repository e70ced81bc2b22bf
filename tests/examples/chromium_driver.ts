/**
 * Owns a visit to the showcase in headless Chromium, as a program: given the page's URL it prints what it saw, as JSON.
 * The test that starts it judges.
 *
 * @module
 */

import { chromium, type ConsoleMessage, type Page } from "npm:playwright-core@^1.65.1";

/** What a visit saw. */
export interface Visit {
  /** Errors and warnings on the console, and errors that nothing caught. */
  readonly complaints: readonly string[];
  /** What the page says of its event stream. */
  readonly stream: string;
  /** A figure before and after traffic. */
  readonly requests: readonly [before: string, after: string];
  /** What the page says after its requests, and after its delays. */
  readonly loads: readonly [requests: string, delays: string];
  /** How many pixels of each chart aren't blank. */
  readonly drawn: readonly number[];
  /** How much of the window has jumped about, as Chromium scores it. */
  readonly shift: number;
  /** By how many pixels the page is wider than a narrow window. */
  readonly overflow: number;
  /** The output of each route's run, by path. */
  readonly runs: Readonly<Record<string, string>>;
  /** What the first copy button says, and the text of the first command that the clipboard got. */
  readonly copied: readonly [label: string, text: string];
  /** The page's background before the theme was switched, after, and after a reload. */
  readonly themes: readonly string[];
}

/** How long to wait for a thing to show, in milliseconds. */
const PATIENCE = 20_000;

async function visit(executablePath: string, url: string): Promise<Visit> {
  // Root, as in containers, has no sandbox in Chromium.
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const context = await browser.newContext({ colorScheme: "light", viewport: { width: 1280, height: 900 } });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    const complaints: string[] = [];
    page.on("console", (message: ConsoleMessage) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error: Error) => complaints.push(error.message));
    await page.goto(url);
    const traffic = await watchTraffic(page);
    const runs = await runRoutes(page);
    const shift = await layoutShift(page);
    const copied = await copyFirst(page);
    const themes = await switchTheme(page);
    await page.setViewportSize({ width: 360, height: 740 });
    const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
    return { complaints, ...traffic, shift, overflow, runs, copied, themes };
  } finally {
    await browser.close();
  }
}

/** Lets figures come, makes traffic, and sees them move. */
async function watchTraffic(page: Page): Promise<Pick<Visit, "stream" | "requests" | "loads" | "drawn">> {
  const state = page.locator("#stream-state");
  await page.locator('#stream-state[data-state="open"]').waitFor();
  const rate = page.locator('[data-now="rate"]');
  await page.locator('[data-now="rate"]', { hasText: /^0$/ }).waitFor();
  const before = await rate.innerText();
  await page.click('[data-load="requests"]');
  await page.locator('[data-now="rate"]', { hasText: /^(?:[2-9]\d|\d{3}|\d,\d{3})$/ }).waitFor();
  const after = await rate.innerText();
  const told = page.locator("#load-state", { hasText: "answers" });
  const requests = await told.innerText();
  await page.click('[data-load="delays"]');
  await page.locator('[data-now="active"]', { hasText: /^6$/ }).waitFor(); // five at a time, and the event stream
  const delays = await told.innerText();
  const canvases = `document.querySelectorAll(".plot canvas")`;
  const drawn = await page.evaluate<number[]>(`[...${canvases}].map((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, at) => at % 4 === 3 && value > 0).length;
  })`);
  return { stream: await state.innerText(), requests: [before, after], loads: [requests, delays], drawn };
}

/** Presses every route's button and reads what came. */
async function runRoutes(page: Page): Promise<Visit["runs"]> {
  const runs: Record<string, string> = {};
  for (const button of await page.locator("[data-run]").all()) {
    const path = await button.getAttribute("data-run") ?? "";
    await button.click();
    await page.locator(`[data-run="${path}"]:enabled`).waitFor();
    runs[path] = await page.locator("#output").innerText();
  }
  return runs;
}

/** The sum of all layout shifts so far (Layout Instability §4). */
async function layoutShift(page: Page): Promise<number> {
  return await page.evaluate<number>(`new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) sum += entry.hadRecentInput ? 0 : entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => setTimeout(() => resolve(sum)));
  })`);
}

async function copyFirst(page: Page): Promise<Visit["copied"]> {
  const button = page.locator("[data-copy]").first();
  await button.click();
  await page.locator("[data-copy]", { hasText: "Copied" }).waitFor();
  return [await button.innerText(), await page.evaluate<string>("navigator.clipboard.readText()")];
}

async function switchTheme(page: Page): Promise<Visit["themes"]> {
  const background = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  const themes = [await background()];
  await page.click("#theme");
  themes.push(await background());
  await page.reload();
  themes.push(await background());
  return themes;
}

const [executablePath = "", url = ""] = Deno.args;
console.log(JSON.stringify(await visit(executablePath, url)));
