import uPlot from "uplot";
import { tokens } from "../parts/format.ts";
import { clock } from "./clock.ts";
import type { UsagePoint } from "./outline.ts";
import type { Scale } from "./timeline.ts";

const HEIGHT_PX = 280;

/** Draws the sums in the colours of the page, as wide as the box is. Returns what takes it away. */
export function drawCost(box: HTMLElement, points: readonly UsagePoint[], scale: Scale): () => void {
  const colour = colours(box);
  const axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const paths = stepped && { paths: stepped };
  const chart = new uPlot(
    {
      width: box.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { y: false },
      scales: { x: { time: false }, tokens: { range: fromZero }, cost: { range: fromZero } },
      axes: [
        {
          ...axis,
          size: 32,
          space: 72,
          values: (_, values) =>
            values.map((value) => clock(scale.real(value) - scale.from).replace(/\.\d$/, "")),
        },
        { ...axis, scale: "tokens", size: 56, values: (_, values) => values.map((value) => tokens(value)) },
        {
          ...axis,
          scale: "cost",
          side: 1,
          size: 72,
          grid: { show: false },
          values: (_, values) => values.map(dollars(points.at(-1)?.cost ?? 0)),
        },
      ],
      series: [
        {},
        {
          scale: "tokens",
          stroke: colour("--accent"),
          fill: colour("--accent-soft"),
          width: 2,
          points: { show: false },
          ...paths,
        },
        {
          scale: "cost",
          stroke: colour("--warn"),
          width: 2,
          dash: [6, 4],
          points: { show: false },
          ...paths,
        },
      ],
    },
    [
      [0, ...points.map(({ at }) => scale.shown(at))],
      [0, ...points.map(({ input, output }) => input + output)],
      [0, ...points.map(({ cost }) => cost)],
    ],
    box,
  );
  const resize = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT_PX }));
  resize.observe(box);
  return () => {
    resize.disconnect();
    chart.destroy();
  };
}

/** As many digits as the largest needs. */
const dollars =
  (largest: number) =>
  (value: number): string =>
    `$${value.toFixed(largest < 0.1 ? 4 : 2)}`;

const fromZero = (_: uPlot, _low: number, high: number): [number, number] => [0, high > 0 ? high * 1.05 : 1];

/** A custom property may name a colour for each scheme: an element knows which one holds. */
function colours(box: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = box.appendChild(document.createElement("span"));
    probe.style.color = `var(${name})`;
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}
