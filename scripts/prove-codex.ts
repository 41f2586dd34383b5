// Kills processes of the codex engine at random moments, under load, and then the server with all of them: no client may
// hang, every session must go on, and no process may be left behind.
//   npm run prove:codex -- [--sessions 20] [--kills 50] [--server-kills 5] [--seed N]
import { parseArgs } from "node:util";
import { proveEngineKills } from "./prove-codex/engine-kills.ts";
import { randomFrom } from "./prove-log/faults.ts";

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "20" },
    kills: { type: "string", default: "50" },
    "server-kills": { type: "string", default: "5" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_007) },
  },
});

function whole(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${name}: expected a number, got ${values[name]}`);
  return value;
}

const seed = whole("seed");
console.log(`seed ${seed}`);
let wrong = 0;
for (const sandbox of ["workspace-write", "danger-full-access"] as const) {
  const proof = await proveEngineKills({
    sessions: whole("sessions"),
    engineKills: whole("kills"),
    serverKills: whole("server-kills"),
    random: randomFrom(seed),
    sandbox,
  });
  console.log(
    `${sandbox}: ${values.kills} kills of a process, ${values["server-kills"]} of the server; ` +
      `${proof.turns} turns, ${proof.failed} of them failed; ${proof.processes} processes at once`,
  );
  for (const what of proof.wrong) console.log(`WRONG ${what}`);
  wrong += proof.wrong.length;
}
console.log(wrong === 0 ? "no client hung, nothing was left behind" : `${wrong} things went wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
