import type { Measured, Scenario } from "./scenario.ts";
import { median } from "./statistics.ts";

export interface Report {
  scenario: Pick<Scenario, "name" | "about">;
  measured: Measured[];
}

/** As Markdown: the median of each server, its range, ours against raw where there is both, and the goal. */
export function tableOf({ scenario, measured }: Report): string {
  const names = [...new Set(measured.flatMap(({ samples }) => Object.keys(samples)))];
  const hasRatio = names.includes("raw") && names.includes("ours");
  const hasGoal = measured.some(({ goal }) => goal !== undefined);
  const head = ["", ...names, ...(hasRatio ? ["ours / raw"] : []), ...(hasGoal ? ["goal"] : [])];
  const rows = measured.map(({ figure, unit, samples, goal }) => [
    unit === "" ? figure : `${figure}, ${unit}`,
    ...names.map((name) => cellOf(samples[name])),
    ...(hasRatio ? [ratioOf(samples)] : []),
    ...(hasGoal ? [goal === undefined ? "" : `${goal.says}: ${goal.met ? "met" : "**missed**"}`] : []),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = [head, head.map(() => "---"), ...rows].map(line).join("\n");
  return `### ${scenario.name}\n\n${scenario.about}\n\n${table}\n`;
}

function cellOf(samples: readonly number[] | undefined): string {
  if (samples === undefined || samples.length === 0) return "";
  const [least, most] = [Math.min(...samples), Math.max(...samples)];
  return samples.length === 1 ? short(least) : `${short(median(samples))} (${short(least)}–${short(most)})`;
}

function ratioOf({ raw, ours }: Measured["samples"]): string {
  const ratio = median(ours ?? []) / median(raw ?? []);
  return Number.isFinite(ratio) ? ratio.toFixed(2) : "";
}

/** Three digits are as many as such a measurement has. */
function short(value: number): string {
  if (value === 0 || Math.abs(value) < 0.005) return "0";
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return value.toPrecision(3).replace(/\.?0+$/, "");
}
