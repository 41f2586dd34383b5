import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Measured, Scenario } from "../harness/scenario.ts";

/** What the store of sessions costs, by its own benchmarks (append.ts, catalog.ts). */
export const store: Scenario = {
  name: "The record",
  about:
    "A line appended with chain, salt and hashes, against a bare write of the same bytes; and what /sessions asks of a store of many sessions.",
  run(_bench, { quick }) {
    const append = output("append.ts", ["--runs", quick ? "3" : "9", "--limit", "1000"]);
    const catalog = quick ? "" : output("catalog.ts", []);
    return Promise.resolve([...rowsOfAppend(append), ...rowsOfCatalog(catalog)]);
  },
};

function output(program: string, flags: readonly string[]): string {
  const path = fileURLToPath(new URL(`../${program}`, import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [path, ...flags], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

const rowsOfAppend = (text: string): Measured[] =>
  [...text.matchAll(/^(\d+) bytes: append ([\d.]+) µs, bare write ([\d.]+) µs/gm)].map(
    ([, bytes = "", append, bare]) => ({
      figure: `a line of ${bytes} bytes`,
      unit: "µs",
      samples: { "bare write": [Number(bare)], ours: [Number(append)] },
    }),
  );

function rowsOfCatalog(text: string): Measured[] {
  const rows: Measured[] = [];
  let heading = "";
  for (const line of text.split("\n")) {
    const [, figure, value, unit] = /^(\S.*?)\s+([\d.]+) (ms|MB)$/.exec(line) ?? [];
    if (line.endsWith(":")) heading = `${line.slice(0, -1)}: `;
    if (figure === undefined || unit === undefined) continue;
    rows.push({ figure: heading + figure, unit, samples: { ours: [Number(value)] } });
  }
  return rows;
}
