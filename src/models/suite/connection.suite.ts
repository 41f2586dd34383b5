import { afterEach, expect, it } from "vitest";
import { AgentError } from "../../contract/error.ts";
import { startFakeProvider, type FakeAnswer, type FakeProvider } from "../../testing/fake-provider.ts";
import type { ModelFamily } from "../model.suite.ts";
import { QUESTION, runModel } from "./outcome.ts";

/** What needs no recording: how an adapter takes a connection that fails. */
export function describeConnection(family: Pick<ModelFamily, "make">): void {
  let provider: FakeProvider | undefined;
  afterEach(async () => {
    await provider?.close();
    provider = undefined;
  });

  async function modelBehind(answer: FakeAnswer, idleTimeoutMs = 15_000) {
    provider = await startFakeProvider(answer);
    return family.make({ baseUrl: provider.url, name: "some-model", idleTimeoutMs });
  }

  it("says that a server which is not there cannot be reached", async () => {
    const gone = await startFakeProvider();
    await gone.close();
    const model = family.make({ baseUrl: gone.url, name: "some-model", idleTimeoutMs: 15_000 });
    const { error } = await runModel(model);
    expect(error).toBeInstanceOf(AgentError);
    expect(error).toMatchObject({ code: "provider_unreachable", retryable: true });
  });

  it("calls an event stream without events broken", async () => {
    const { error } = await runModel(await modelBehind({ body: [] }));
    expect(error).toMatchObject({ code: "provider_stream_broken", retryable: true });
  });

  it("calls an event that is no JSON broken", async () => {
    const { error } = await runModel(await modelBehind({ body: ['data: {"type": "half\n\n'] }));
    expect(error).toMatchObject({ code: "provider_stream_broken", retryable: true });
  });

  it("names the seconds after which it gave a silent stream up", async () => {
    const { error } = await runModel(await modelBehind({ body: [": hello\n\n"], ending: "stall" }, 1200));
    expect(error).toMatchObject({
      code: "provider_stream_broken",
      message: expect.stringContaining("1.2 seconds"),
    });
    await provider?.abandoned();
  });

  it("takes a web page for a wrong base URL", async () => {
    const answer = { headers: { "content-type": "text/html" }, body: ["<html>Welcome</html>"] };
    const { error } = await runModel(await modelBehind(answer));
    expect(error).toMatchObject({
      code: "provider_bad_request",
      message: expect.stringContaining("base URL"),
    });
  });

  it("sends nothing when it was aborted before", async () => {
    const model = await modelBehind({});
    const reason = new Error("too late");
    const { error } = await runModel(model, QUESTION, AbortSignal.abort(reason));
    expect(error).toBe(reason);
    expect(provider?.requests).toEqual([]);
  });

  it("lets go of a provider that has not answered yet when it is aborted", async () => {
    const model = await modelBehind({ ending: "silence" });
    const controller = new AbortController();
    const running = runModel(model, QUESTION, controller.signal);
    await provider?.received(1);
    const reason = new Error("the person pressed stop");
    controller.abort(reason);
    expect((await running).error).toBe(reason);
    await provider?.abandoned();
  });
}
