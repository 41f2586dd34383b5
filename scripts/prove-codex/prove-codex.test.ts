import { expect, it } from "vitest";
import { proveEngineKills } from "./engine-kills.ts";

/** The long form is `npm run prove:codex`. */
it("processes of the engine that are killed under load leave no orphan and no hung client", async () => {
  let next = 1;
  const random = () => (next = (next * 16_807) % 2_147_483_647) / 2_147_483_647;
  const kills = { sessions: 3, engineKills: 4, serverKills: 1, random };
  const proof = await proveEngineKills({ ...kills, sandbox: "workspace-write" });
  expect(proof.wrong).toEqual([]);
  expect(proof.processes).toBe(3);
}, 120_000);
