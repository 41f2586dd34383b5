import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mutant, randomFrom, type Vector } from "./prove/mutate.ts";
import { prove } from "./prove/prove.ts";
import { record, whyNotHere } from "./prove/recorder.ts";
import { createWorld, type World } from "./prove/world.ts";

const path = process.env["PATH"] ?? "";
const obstacle = whyNotHere();

const script = (text: string): Vector => ["bash", "-c", text];

/** The recorder must see these, or finding nothing means nothing. */
const EFFECTIVE: Vector[] = [
  script("echo x > made"),
  script("/bin/bash -c ls"),
  script("touch made"),
  script("curl http://127.0.0.1:9"),
  script("./evil.sh"),
  script("cat .env"),
  script("cat linked-file"),
  script("cat ../outside/secret.txt"),
  script("ls ../outside"),
  script("echo ../outside/*"),
  script("cat /etc/shadow"),
  script("exec 3<>/dev/tcp/127.0.0.1/9"),
  script(": > README.md"),
  script("kill -0 1"),
  ["sort", "-o", "made", "README.md"],
  ["find", ".", "-name", "x.txt", "-delete"],
  ["find", ".", "-maxdepth", "0", "-exec", "touch", "made", ";"],
  ["uniq", "README.md", "made"],
  ["sed", "-n", "w made", "README.md"],
];

describe.skipIf(obstacle !== undefined)(
  `the proof of commands${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`,
  () => {
    let world: World;
    beforeAll(() => {
      world = createWorld(path);
    });
    afterAll(() => world.remove());

    it.each(EFFECTIVE.map((command) => [command]))("sees the effect of %j", async (command) => {
      const findings = await record([command], world);
      expect(findings.map((finding) => finding.command)).toEqual([command]);
    });

    it("tells which of many commands had an effect", async () => {
      const remove = script("rm README.md; find README.md -delete");
      const findings = await record([["ls"], script("cat README.md"), remove, ["pwd"], script("pwd")], world);
      expect(findings.map((finding) => finding.command)).toEqual([remove]);
    });

    it("finds no effect of what is called safe", { timeout: 60_000 }, async () => {
      const proof = await prove({ tries: 1000, seed: 1, path, workers: 2 });
      expect(proof.findings).toEqual([]);
      expect(proof.different).toBeGreaterThan(80);
    });
  },
);

it("makes the same mutants from the same seed", () => {
  const some = (seed: number) => {
    const random = randomFrom(seed);
    return Array.from({ length: 50 }, () => mutant(random));
  };
  expect(some(5)).toEqual(some(5));
  expect(some(5)).not.toEqual(some(6));
});
