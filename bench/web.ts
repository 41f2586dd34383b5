/**
 * The web UI while an answer streams in: 21 kB of markdown in 700 deltas, as a real server sends them, into Chromium.
 * Prints how long the page works for a frame, how long a key takes to be seen, and the sizes of the build.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { z } from "zod";
import { webSize } from "../scripts/web-size.ts";
import { WEB_FOLDER } from "../src/built-files.ts";
import { startTestBed } from "../src/e2e/test-bed.ts";
import { openBrowser } from "../src/testing/browser.ts";
import { type Said, startChatModel } from "../src/testing/chat-model.ts";

const DELTAS = 700;
const DELTA_PAUSE_MS = 8;

const SECTION = `## What I found in part

The **exporter** writes to \`exports/\` and *moves* what is finished; see [the notes](https://example.com/notes).

- it opens every file once, and reads it to its end
- it does not close those that failed
  - which is seen in \`lsof\`

| step | time | share |
| --- | ---: | ---: |
| read | 12 ms | 40 % |
| write | 18 ms | 60 % |

\`\`\`ts
for await (const file of files) {
  await handle(file, { signal: AbortSignal.timeout(5_000) });
}
\`\`\`

1. Close the file in a \`finally\`.
2. Count what is open, and say so in the log.

`;

/** About 21 kB, in so many pieces of equal length. */
function pieces(): string[] {
  const text = Array.from({ length: 34 }, (_, index) => SECTION.replace("part", `part ${index + 1}`)).join(
    "",
  );
  const size = Math.ceil(text.length / DELTAS);
  return Array.from({ length: DELTAS }, (_, index) => text.slice(index * size, (index + 1) * size));
}

async function* answer(): AsyncGenerator<Said> {
  for (const piece of pieces()) {
    yield piece;
    await sleep(DELTA_PAUSE_MS);
  }
}

/** In the page: the work of each frame, from its beginning until what it drew is handed on, and every slow key. */
const WATCH = `
  globalThis.frames = [];
  globalThis.keys = [];
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) if (name === "keydown") keys.push(duration);
  }).observe({ type: "event", durationThreshold: 16 });
  const { port1, port2 } = new MessageChannel();
  let began = 0;
  port1.onmessage = () => frames.push(performance.now() - began);
  const onFrame = () => {
    began = performance.now();
    port2.postMessage(0);
    requestAnimationFrame(onFrame);
  };
  requestAnimationFrame(onFrame);
`;

async function measure(page: Page): Promise<{ frames: number[]; keys: number[]; typed: number }> {
  const field = page.getByLabel("Message", { exact: true });
  await field.fill("go");
  await field.press("Enter");
  await page.getByText("part 1").first().waitFor();
  await page.evaluate(WATCH);
  const stop = page.getByRole("button", { name: "Stop" });
  let typed = 0;
  while (await stop.isVisible()) {
    await field.press("a");
    typed += 1;
    await sleep(40);
  }
  const read = z.object({ frames: z.array(z.number()), keys: z.array(z.number()) });
  return { ...read.parse(await page.evaluate("({frames, keys})")), typed };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

async function main(): Promise<void> {
  await using model = await startChatModel(answer);
  await using bed = await startTestBed(model.environment);
  await using browser = await openBrowser();
  const { page } = await browser.open(bed.server.origin);
  await page.goto("/ui/");
  const { frames, keys, typed } = await measure(page);
  // A key that was quicker than two frames is not reported.
  const seen = [...keys, ...Array.from({ length: Math.max(0, typed - keys.length) }, () => 16)];
  const { initial, lazy } = webSize(WEB_FOLDER);
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  console.log(
    `${pieces().join("").length} characters in ${DELTAS} deltas, ${frames.length} frames, ${typed} keys`,
  );
  console.log(
    `work a frame  median ${ms(quantile(frames, 0.5))} (goal: under 16), 95 % ${ms(quantile(frames, 0.95))}`,
  );
  console.log(
    `key to paint  median ${ms(quantile(seen, 0.5))}, 95 % ${ms(quantile(seen, 0.95))} (goal: under 100)`,
  );
  console.log(`initial JS    ${kib(initial)} gzip (goal: at most 180)`);
  for (const [name, bytes] of Object.entries(lazy)) console.log(`lazy          ${kib(bytes)} gzip ${name}`);
}

await main();
