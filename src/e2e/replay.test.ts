import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ResponseItem } from "../contract/item.ts";
import type { ServerMessage } from "../contract/message.ts";
import { providerStreamsDir, recordedCases, type ReplayFamily } from "../testing/replay.ts";
import { assistantText } from "../testing/socket-client.ts";
import { RECORDED, type RecordedTurn } from "./fixtures/recorded.ts";
import { expectWhole, refused, type ReplayBed, startReplayBed } from "./replay-bed.ts";
import { items, payloads } from "./test-bed.ts";

const FAMILIES = Object.values(RECORDED);
const RECORDINGS = FAMILIES.flatMap(({ family, model }) =>
  recordedCases(family).map(({ file, expect: told }) => ({ family, file, model, stop: told.stop })),
);

describe.runIf(providerStreamsDir === undefined)("the recordings", () => {
  it("are not here", ({ skip }) => skip("PROVIDER_STREAMS_DIR is not set: nothing to replay"));
});

describe.skipIf(providerStreamsDir === undefined)("a server with strict providers", () => {
  let bed: ReplayBed;
  beforeAll(async () => {
    bed = await startReplayBed();
  });
  afterAll(() => bed.close());

  const requests = () => bed.replay.requests();

  describe.each(FAMILIES)("of $family", ({ family, model, text, turns, thought }) => {
    it("tells a text as it was recorded", async () => {
      const { finished, messages } = await bed.turn(`${model}@${text}`);
      expect(payloads(messages, "error")).toEqual([]);
      expect(finished.status).toBe("completed");
      expect(assistantText(messages)).toBe(bed.recordedText(family, text));
    });

    it.each<RecordedTurn>(turns)(
      "takes the answer to $what",
      async ({ model: other, what, steps, calls }) => {
        await bed.script({ [family]: steps });
        const { finished, messages } = await bed.turn(other ?? model);
        expect(payloads(messages, "error")).toEqual([]);
        expect(finished.status).toBe("completed");
        expect(requests().map((request) => request.case)).toEqual(steps);
        expect(items(messages, "function_call").map(({ name }) => name)).toEqual(calls);
        // The tools of the recordings are not ours, and the model reads so.
        const outputs = items(messages, "function_call_output").map(outputText);
        expect(outputs).toEqual(calls.map((name) => expect.stringContaining(name)));
        expect(assistantText(messages)).toContain(bed.recordedText(family, steps[1]));
        if (what.startsWith("thinking")) expectField(requests().at(-1)?.body, thought);
      },
    );
  });

  it("carries one conversation from provider to provider and back", async () => {
    const tour: [ReplayFamily, RecordedTurn][] = [
      ["openai", recordedTurn("openai", "thinking")],
      ["anthropic", recordedTurn("anthropic", "thinking")],
      ["google", recordedTurn("google", "parallel calls")],
    ];
    await bed.script(Object.fromEntries(tour.map(([family, { steps }]) => [family, steps])));
    const client = await bed.connect();
    for (const [family, recorded] of tour) {
      const before = [...client.messages];
      const sent = requests().length;
      const model = recorded.model ?? RECORDED[family].model;
      await client.turn(`A question for ${family}`, { model });
      const own = requests().slice(sent);
      expect(own.map((request) => request.case)).toEqual(recorded.steps);
      const foreign = FAMILIES.filter((other) => other.family !== family);
      for (const { body } of own) {
        expectCarries(body, before);
        for (const { thought } of foreign) expectNoField(body, thought);
      }
    }
    const before = [...client.messages];
    await client.turn("And back again", { model: "gpt-5@text.gpt-5" });
    expectCarries(requests().at(-1)?.body, before);
    expectField(requests().at(-1)?.body, RECORDED.openai.thought);
    client.close();

    expect(requests().map(({ result }) => result?.status)).toEqual(Array(7).fill(200));
    expect(payloads(client.messages, "error")).toEqual([]);
    const ends = payloads(client.messages, "agent_finished").map(({ status }) => status);
    expect(ends).toEqual(Array(4).fill("completed"));
    const changes = payloads(client.messages, "status").filter(({ kind }) => kind === "model_changed");
    const providers = ["openai", "anthropic", "google", "openai"];
    expect(changes).toMatchObject(providers.map((provider) => ({ provider })));
  });

  describe("whose model says whatever was recorded", () => {
    it.concurrent.each(RECORDINGS)("ends its turn: $family $file", async ({ family, file, model, stop }) => {
      // What may succeed later is asked for again, for up to a minute; here nobody waits for it.
      const retried = /rate_limit|overloaded|503|529|429/.test(file);
      const name = `${family}/${recordedModel(family, file) ?? model}@${file}`;
      const client = await bed.connect(`?stream=true&model=${encodeURIComponent(name)}`);
      client.say("Hello");
      if (retried) {
        while ((await client.next("status")).payload.kind !== "retrying");
        client.send("cancel");
      }
      const { payload: finished } = await client.next("agent_finished");
      client.close();
      expectWhole(client.messages);
      const codes = payloads(client.messages, "error").map(({ details }) => details?.code);
      expect(codes).toHaveLength(finished.status === "failed" ? 1 : 0);
      expect(codes).not.toContain("internal");
      if (stop === "completed") expect(finished.status).toBe("completed");
      if (stop === "error") expect(finished.status).toBe(retried ? "cancelled" : "failed");
    });

    it("never sent a request that a real provider would refuse", () => {
      expect(requests().length).toBeGreaterThanOrEqual(RECORDINGS.length);
      expect(refused(bed.replay)).toEqual([]);
    });
  });

  /** The model that gave a recording, where it is known. */
  function recordedModel(family: ReplayFamily, file: string): string | undefined {
    const recorded = bed.replay.corpus[family].find((each) => each.file === file);
    return recorded?.request?.model;
  }
});

function recordedTurn(family: ReplayFamily, what: string): RecordedTurn {
  const turn = RECORDED[family].turns.find((each) => each.what === what);
  if (turn === undefined) throw new Error(`There is no turn of ${family} with ${what}.`);
  return turn;
}

const outputText = ({ output }: { output: string }) => (JSON.parse(output) as { output: string }).output;

/** Everything that was said before, by whomever, stands in a request. */
function expectCarries(body: unknown, messages: readonly ServerMessage[]) {
  const carried = new Set(stringsIn(body));
  const said = payloads(messages, "response_item").flatMap(wordsOf);
  expect(said.filter((words) => !carried.has(words))).toEqual([]);
}

function wordsOf(item: ResponseItem): string[] {
  switch (item.type) {
    case "message":
      return item.content.flatMap((part) => ("text" in part ? [part.text] : []));
    case "function_call":
      return [item.name, ...stringsIn(JSON.parse(item.arguments))];
    case "function_call_output":
      return [outputText(item)];
    case "reasoning":
    case "provider_item":
      return [];
  }
}

/** Every string in a value, also within JSON that stands in a string. */
function stringsIn(value: unknown): string[] {
  if (typeof value === "string")
    return [value, ...(value.startsWith("{") ? stringsIn(JSON.parse(value)) : [])];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}

const hasField = (body: unknown, name: string) => JSON.stringify(body).includes(`"${name}":"`);
const expectField = (body: unknown, name: string) =>
  expect({ name, has: hasField(body, name) }).toEqual({ name, has: true });
const expectNoField = (body: unknown, name: string) =>
  expect({ name, has: hasField(body, name) }).toEqual({ name, has: false });
