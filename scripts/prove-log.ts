// Tries to make the audit log lose something: every kind of fault at every step of a run, and a server that is killed
// under load.
//   npm run prove:log -- [--kills 200] [--seed N]
import { parseArgs } from "node:util";
import { countSteps, FAULTS, proveFault } from "./prove-log/faults.ts";
import { proveServerKills } from "./prove-log/server-kills.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "200" }, seed: { type: "string" } },
});
const kills = Number(values.kills);
const seed = Number(values.seed ?? Date.now() % 1_000_000_007);
if (!Number.isSafeInteger(kills) || kills < 0)
  throw new Error(`--kills: expected a number, got ${values.kills}`);
if (!Number.isSafeInteger(seed)) throw new Error(`--seed: expected a number, got ${values.seed}`);

console.log(`seed ${seed}`);
const wrong: string[] = [];
const steps = await countSteps();
for (const fault of FAULTS) {
  let named = 0;
  for (let at = 0; at < steps; at += 1) {
    const proof = await proveFault(fault, at, seed + at);
    wrong.push(...proof.wrong.map((what) => `${fault} at step ${at}: ${what}`));
    if (proof.reports.some(({ ok }) => !ok)) named += 1;
  }
  console.log(`${fault.padEnd(10)} at each of ${steps} steps; damage that the reports name: ${named}`);
}
const served = await proveServerKills({ times: kills, seed });
wrong.push(...served.wrong);
console.log(
  `${kills} kills of a server: ${served.sessions} sessions, ${served.received} messages that clients had got`,
);
for (const what of wrong) console.log(`WRONG ${what}`);
console.log(wrong.length === 0 ? "nothing lost, doubled or hung" : `${wrong.length} things went wrong`);
process.exitCode = wrong.length === 0 ? 0 : 1;
