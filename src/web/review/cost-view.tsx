import { useEffect, useMemo, useRef } from "react";
import { Readable } from "../parts/exact.tsx";
import { duration, money, tokens } from "../parts/format.ts";
import { useMedia } from "../parts/media.ts";
import { drawCost } from "./cost-chart.ts";
import type { LogReader } from "./log-reader.ts";
import type { UsagePoint } from "./outline.ts";
import { makeScale, type Scale } from "./timeline.ts";

/** Tokens and cost over time, as a chart and in words. */
export default function CostView({ reader }: { reader: LogReader }) {
  const { usage, timeline, rows } = reader.outline;
  const last = usage.at(-1);
  const [began, ended] = [rows[0]?.at ?? 0, rows.at(-1)?.at ?? 0];
  const scale = useMemo(() => makeScale(began, ended, timeline.gaps), [began, ended, timeline]);
  if (last === undefined) {
    return (
      <div className="empty">
        <h2>Nothing was spent</h2>
        <p>No response of a model was finished in this session.</p>
      </div>
    );
  }
  return (
    <div className="cards" tabIndex={0} role="region" aria-label="Tokens and cost">
      <p className="cards-sum">
        {usage.length.toLocaleString()} responses · {tokens(last.input)} tokens in · {tokens(last.output)}{" "}
        tokens out · {costOf(last)}
      </p>
      <figure className="cost">
        <Chart points={usage} scale={scale} />
        <figcaption>
          Sums over {duration(scale.to - scale.from)}, waiting shortened. The solid line is tokens, the dashed
          one is cost.
        </figcaption>
      </figure>
      <Models usage={usage} />
    </div>
  );
}

const costOf = ({ cost, unpriced }: UsagePoint): string =>
  unpriced === 0 ? money(cost) : `${money(cost)} and ${unpriced} responses without a known price`;

function Chart({ points, scale }: { points: readonly UsagePoint[]; scale: Scale }) {
  const box = useRef<HTMLDivElement>(null);
  const isDark = useMedia("(prefers-color-scheme: dark)");
  useEffect(
    () => (box.current === null ? undefined : drawCost(box.current, points, scale)),
    [points, points.length, scale, isDark],
  );
  return <div ref={box} className="chart" aria-hidden="true" />;
}

interface ModelSum {
  responses: number;
  input: number;
  output: number;
  cost: number;
  unpriced: number;
}

/** The same for those who do not see the chart, and for everybody who wants numbers. */
function Models({ usage }: { usage: readonly UsagePoint[] }) {
  const sums = sumByModel(usage);
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label="By model">
      <table className="sums">
        <caption>By model</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Responses</th>
            <th scope="col">Tokens in</th>
            <th scope="col">Tokens out</th>
            <th scope="col">Cost</th>
          </tr>
        </thead>
        <tbody>
          {[...sums].map(([model, sum]) => (
            <tr key={model}>
              <th scope="row">
                <Readable text={model} />
              </th>
              <td>{sum.responses.toLocaleString()}</td>
              <td>{sum.input.toLocaleString()}</td>
              <td>{sum.output.toLocaleString()}</td>
              <td>{sum.unpriced > 0 ? money(null) : money(sum.cost)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function sumByModel(usage: readonly UsagePoint[]): Map<string, ModelSum> {
  const sums = new Map<string, ModelSum>();
  let before: UsagePoint | undefined;
  for (const point of usage) {
    const sum = sums.get(point.model) ?? { responses: 0, input: 0, output: 0, cost: 0, unpriced: 0 };
    sums.set(point.model, {
      responses: sum.responses + 1,
      input: sum.input + point.input - (before?.input ?? 0),
      output: sum.output + point.output - (before?.output ?? 0),
      cost: sum.cost + point.cost - (before?.cost ?? 0),
      unpriced: sum.unpriced + point.unpriced - (before?.unpriced ?? 0),
    });
    before = point;
  }
  return sums;
}
