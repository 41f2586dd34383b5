import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { compare, type Difference, readRecording } from "../../testing/codex-recording.ts";
import { Replay } from "../../testing/codex-replay.ts";
import { CODEX_PROTOCOL_DIR, CodexSchema } from "../../testing/codex-schema.ts";
import { newFolder } from "../../testing/confined.ts";

interface Meant {
  recording: RegExp;
  kind: Difference["kind"];
  meaning: RegExp;
  why: string;
}

/** Where we differ on purpose. */
const MEANT: readonly Meant[] = [
  {
    recording: /shell-accept|multi|resume/,
    kind: "extra",
    meaning: /^item\/commandExecution\/outputDelta$/,
    why: "a command's output is told as it comes, however short the command is",
  },
  {
    recording: /interrupt-approval/,
    kind: "extra",
    meaning: /^item\/completed commandExecution declined$/,
    why: "no item stays in progress after its turn has ended",
  },
  {
    recording: /interrupt\.jsonl/,
    kind: "extra",
    meaning: /^item\/completed agentMessage$/,
    why: "what was said before the interruption stays in the conversation",
  },
  {
    recording: /steer/,
    kind: "extra",
    meaning: /^(?:item\/agentMessage\/delta|item\/completed agentMessage|thread\/tokenUsage\/updated)$/,
    why: "a running response is not aborted: the input is taken in before the next one",
  },
  {
    recording: /resume/,
    kind: "missing",
    meaning: /^error -32601 to thread\/read$/,
    why: "the turns of a thread without any are none, and no error",
  },
  { recording: /resume/, kind: "extra", meaning: /^result of thread\/read$/, why: "as above" },
  {
    recording: /errors/,
    kind: "missing",
    meaning: /^(?:result of thread\/start|thread\/started)$/,
    why: "a folder that does not exist or lies outside the workspace is refused",
  },
  {
    recording: /errors/,
    kind: "missing",
    meaning: /^error -32600 to thread\/start$/,
    why: "onRequest is a word that older clients use",
  },
  {
    recording: /errors/,
    kind: "extra",
    meaning: /^(?:error -32600 to|result of) thread\/start$|^thread\/started$/,
    why: "both of the above",
  },
  {
    recording: /errors/,
    kind: "missing",
    meaning:
      /^(?:result of turn\/start|(?:turn|item)\/.*|thread\/status\/changed (?:active|idle)|thread\/tokenUsage\/updated)$/,
    why: "an input with nothing in it is refused and starts no turn",
  },
  { recording: /errors/, kind: "extra", meaning: /^error -32600 to turn\/start$/, why: "as above" },
  {
    recording: /errors/,
    kind: "extra",
    meaning: /^error -32(?:700|600) to nothing$/,
    why: "what is no message of JSON-RPC is answered, and not passed over",
  },
];

const recordings =
  CODEX_PROTOCOL_DIR === undefined ? [] : readdirSync(join(CODEX_PROTOCOL_DIR, "transcripts"));

describe.skipIf(CODEX_PROTOCOL_DIR === undefined)(
  "the recorded conversations of the Codex app-server (CODEX_PROTOCOL_DIR)",
  () => {
    const folder = CODEX_PROTOCOL_DIR ?? "";
    const schema = CODEX_PROTOCOL_DIR === undefined ? undefined : new CodexSchema(folder);
    const used = new Set<Meant>();
    let played = 0;

    test.each(recordings)("%s has the same meaning with us", async (name) => {
      const meant = MEANT.filter(({ recording }) => recording.test(name));
      const cannotCome = meant.filter(({ kind }) => kind === "missing");
      const replay = new Replay(await newFolder(), (meaning) =>
        cannotCome.some((each) => each.meaning.test(meaning)),
      );
      await replay.play(readRecording(join(folder, "transcripts", name)));
      expect(replay.faults).toEqual([]);
      played += 1;
      for (const [connection, { recorded, ours, arrived, asked }] of replay.conversations) {
        const invalid = arrived.flatMap((message) => schema?.problem(message, (id) => asked.get(id)) ?? []);
        expect(invalid, `what the schema does not allow`).toEqual([]);
        const unexpected = compare(recorded, ours).filter((difference) => {
          const found = meant.find(
            ({ kind, meaning }) => kind === difference.kind && meaning.test(difference.meaning),
          );
          if (found) used.add(found);
          return !found;
        });
        expect(unexpected, `connection ${connection}`).toEqual([]);
      }
    });

    afterAll(() => {
      if (played < recordings.length) return;
      const idle = MEANT.filter((meant) => !used.has(meant)).map(({ meaning, why }) => `${meaning}: ${why}`);
      expect(idle, "differences that there are none of").toEqual([]);
    });
  },
);
