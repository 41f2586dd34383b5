import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { providerStreamsDir } from "../testing/replay.ts";
import { assistantText } from "../testing/socket-client.ts";
import { RECORDED, type RecordedFamily } from "./fixtures/recorded.ts";
import { refused, type ReplayBed, startReplayBed, type Step } from "./replay-bed.ts";
import { payloads } from "./test-bed.ts";

const FAMILIES = Object.values(RECORDED);

/** What a stream may come to after so many events. */
const FAULTS = {
  "a reset": (events: number) => ({ cut: events, "cut-mode": "reset" }),
  "an end of the connection": (events: number) => ({ cut: events, "cut-mode": "fin" }),
  "an end in good order": (events: number) => ({ cut: events, "cut-mode": "clean" }),
  silence: (events: number) => ({ cut: events, "cut-mode": "stall" }),
  "an error event": (events: number) => ({ inject: events }),
};
type Fault = keyof typeof FAULTS;
const EVERY_FAULT = Object.keys(FAULTS) as Fault[];

describe.skipIf(providerStreamsDir === undefined)("a stream that breaks", () => {
  let bed: ReplayBed;
  beforeAll(async () => {
    bed = await startReplayBed({ MODEL_IDLE_TIMEOUT_SECONDS: "1" });
  });
  afterAll(() => bed.close());

  /** One turn with each provider, all at the same time. */
  async function turns(stepsOf: (recorded: RecordedFamily) => Step[]) {
    await bed.script(Object.fromEntries(FAMILIES.map((recorded) => [recorded.family, stepsOf(recorded)])));
    return Promise.all(FAMILIES.map(async (recorded) => ({ recorded, ...(await bed.turn(recorded.model)) })));
  }

  it.each(EVERY_FAULT)("before its first item is asked for again: %s", async (fault) => {
    const told = await turns(({ text }) => [{ file: text, ...FAULTS[fault](2) }, text]);
    for (const { recorded, finished, messages } of told) {
      const { family, text } = recorded;
      expect({ family, errors: payloads(messages, "error") }).toEqual({ family, errors: [] });
      expect(finished.status).toBe("completed");
      expect(assistantText(messages)).toBe(bed.recordedText(family, text));
      expect(payloads(messages, "status").map(({ kind }) => kind)).toContain("retrying");
    }
    expect(refused(bed.replay)).toEqual([]);
  });

  it.each(["a reset", "an error event"] satisfies Fault[])(
    "after an item keeps it, and the rest is asked for: %s",
    async (fault) => {
      const told = await turns(({ itemThenMore: { events, steps } }) => [
        { file: steps[0], ...FAULTS[fault](events) },
        ...steps,
      ]);
      for (const { recorded, finished, messages } of told) {
        const { family, itemThenMore } = recorded;
        expect({ family, errors: payloads(messages, "error") }).toEqual({ family, errors: [] });
        expect(finished.status).toBe("completed");
        expect(assistantText(messages)).toContain(bed.recordedText(family, itemThenMore.steps[1]));
        expect(payloads(messages, "status").map(({ kind }) => kind)).toContain("retrying");
      }
      expect(refused(bed.replay)).toEqual([]);
    },
  );

  it("again and again ends its turn with one error", async () => {
    const told = await turns(({ itemThenMore: { events, steps } }) => [
      { file: steps[0], ...FAULTS["a reset"](events) },
    ]);
    for (const { finished, messages } of told) {
      expect(payloads(messages, "error")).toMatchObject([
        { details: { code: "provider_stream_broken" }, retryable: true },
      ]);
      expect(finished.status).toBe("failed");
    }
  });
});
