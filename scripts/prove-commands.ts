// Tries to make the assessment of commands call something safe that is not.
//   npm run prove:commands -- [--tries 100000] [--seed N]
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { prove } from "./prove/prove.ts";
import { whyNotHere } from "./prove/recorder.ts";

const { values } = parseArgs({
  options: { tries: { type: "string", default: "100000" }, seed: { type: "string" } },
});
const tries = Number(values.tries);
const seed = Number(values.seed ?? Date.now() % 1_000_000_007);
if (!Number.isSafeInteger(tries) || tries < 1)
  throw new Error(`--tries: expected a number, got ${values.tries}`);
if (!Number.isSafeInteger(seed) || seed < 1) throw new Error(`--seed: expected a number, got ${values.seed}`);

const obstacle = whyNotHere();
if (obstacle !== undefined) {
  console.error(`Nothing can be proved: ${obstacle}`);
  process.exit(1);
}

const path = process.env["PATH"] ?? "";
console.log(`seed ${seed}, ${tries} tries`);
const proof = await prove({ tries, seed, path, workers: Math.min(2, availableParallelism()) });
if (proof.absent.length > 0) console.log(`Not on this machine, so never run: ${proof.absent.join(", ")}`);
for (const { command, effects } of proof.findings) {
  console.log(`\nEFFECT of ${JSON.stringify(command)}\n  ${effects.slice(0, 10).join("\n  ")}`);
}
console.log(
  [
    "",
    `called safe      ${proof.calledSafe} of ${tries}`,
    `different ones   ${proof.different}, each run once for real`,
    `with an effect   ${proof.findings.length}`,
    `seconds          ${proof.assessSeconds.toFixed(1)} to assess, ${proof.runSeconds.toFixed(1)} to run`,
  ].join("\n"),
);
process.exitCode = proof.findings.length === 0 ? 0 : 1;
