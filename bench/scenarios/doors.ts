import { DOORS, type DoorName } from "../harness/doors.ts";
import { wordsOf } from "../harness/plan.ts";
import { inTurn, type Measured, type Scenario, withClients } from "../harness/scenario.ts";

const SESSIONS = 10;

export const doors: Scenario = {
  name: "Doors",
  about:
    "Ten sessions by each door: processor time a delta at saturation, and at 50 deltas a second each; latency there.",
  async run(bench, { quick, rounds }) {
    const measured: Measured[] = [];
    for (const door of Object.keys(DOORS) as DoorName[]) {
      const deltas = quick ? 3000 : 10_000;
      const paced = quick ? 50 : 200;
      const figures = await inTurn(bench, { names: ["ours"], count: Math.min(3, rounds) }, async (target) => {
        return await withClients(async (clients) => {
          await clients.open(target.origin, SESSIONS, door);
          const flood = await target.costOf(() => clients.say(wordsOf({ deltas })));
          const calm = await target.costOf(() => clients.say(wordsOf({ deltas: paced, rate: 50 })));
          return {
            "at saturation, µs": flood.cpu / SESSIONS / deltas,
            "paced, µs": calm.cpu / SESSIONS / paced,
            "latency p50, ms": calm.result.latencyMs.p50,
            "latency p99, ms": calm.result.latencyMs.p99,
          };
        });
      });
      for (const [name, samples] of figures) {
        const [figure = "", unit = ""] = name.split(", ");
        measured.push({ figure: `${door}: ${figure}`, unit, samples });
      }
    }
    return measured;
  },
};
