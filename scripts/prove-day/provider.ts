import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, tokensOf, type WireEvent } from "./answer.ts";
import type { Charge } from "./bill.ts";
import { Issued } from "./issued.ts";
import { MarkedCache, PrefixCache, type Prompt, type PromptCache, WholeCache } from "./prompt-cache.ts";
import type { Fault, Script } from "./script.ts";
import { anthropic } from "./wires/anthropic.ts";
import { google } from "./wires/google.ts";
import { openai } from "./wires/openai.ts";
import type { ReadRequest, Wire } from "./wires/wire.ts";

const WIRES: readonly Wire[] = [openai, anthropic, google];

/** By the name of the model, as published; where a lifetime is not, the shortest that is reported. */
function cacheOf(model: string): PromptCache {
  if (model.startsWith("claude")) return new MarkedCache(/opus-5|fable/.test(model) ? 512 : 1024);
  if (model.startsWith("gemini")) return new PrefixCache({ minimum: 4096, minutes: 5 });
  // From gpt-5.6 on; before, what is idle for five to ten minutes goes.
  return /^gpt-(?:5\.[6-9]|[6-9])/.test(model)
    ? new WholeCache()
    : new PrefixCache({ minimum: 1024, minutes: 5 });
}

interface DayProviderOptions {
  script: Script;
  /** In tokens; a longer request is refused. */
  contextWindow: number;
  /** Called while an answer is held, which only its client can end. */
  onHeld(): void;
  /** Another opinion on each request: what is wrong with it. */
  inspect?: Inspect | undefined;
}

export type Inspect = (
  request: { provider: Wire["provider"]; model: string; body: unknown },
  headers: IncomingHttpHeaders,
) => string | undefined;

/** The three providers on 127.0.0.1, with a clock of their own. They check each request, and bill it. */
export class DayProvider {
  readonly charges: Charge[] = [];
  /** What a real provider would have refused. */
  readonly problems: string[] = [];
  /** How often the conversation was compacted; its driver says so. */
  compactions = 0;
  /** Milliseconds since the day began. */
  now = 0;
  /** Answers of the conversation that came to their end. */
  steps = 0;
  tooLong = 0;
  readonly faults: Record<Fault["kind"], number> = { refuse: 0, cut: 0, hold: 0 };
  readonly #options: DayProviderOptions;
  readonly #issued = new Map(WIRES.map(({ provider }) => [provider, new Issued()]));
  readonly #caches = new Map<string, PromptCache>();
  readonly #last = new Map<string, { prompt: Prompt; compactions: number }>();
  readonly #server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
  #requests = 0;

  constructor(options: DayProviderOptions) {
    this.#options = options;
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { pathname } = new URL(incoming.url ?? "", "http://day");
    const wire = WIRES.find(({ path }) => path.test(pathname));
    if (!wire) return refuse(outgoing, 404, { error: { message: `no route ${pathname}` } });
    this.#requests += 1;
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const request = wire.read(body, pathname, this.#issuedBy(wire));
    const { provider } = wire;
    const opinion = this.#options.inspect?.({ provider, model: request.model, body }, incoming.headers);
    const problems = [...request.problems, ...(opinion === undefined ? [] : [opinion])].map(
      (problem) => `request ${this.#requests}, ${provider}: ${problem}`,
    );
    this.problems.push(...problems);
    if (problems.length > 0) return refuse(outgoing, 400, wire.refusal(400, problems.join("; ")));
    this.#follow(request);
    await this.#answer(wire, request, outgoing);
  }

  /** Unless it was compacted, a conversation begins with the bytes of its last request to the same model. */
  #follow({ model, prompt, isAside }: ReadRequest): void {
    if (isAside) return;
    const { compactions } = this;
    const before = this.#last.get(model);
    this.#last.set(model, { prompt, compactions });
    if (!before || before.compactions < compactions) return;
    const at = before.prompt.segments.findIndex(({ text }, index) => prompt.segments[index]?.text !== text);
    if (at >= 0)
      this.problems.push(
        `request ${this.#requests}, ${model}: differs from the one before it in segment ${at}`,
      );
  }

  async #answer(wire: Wire, request: ReadRequest, outgoing: ServerResponse): Promise<void> {
    const { script, contextWindow } = this.#options;
    const { model, prompt, isAside } = request;
    const size = prompt.segments.reduce((tokens, { text }) => tokens + tokensOf(text), 0);
    if (size > contextWindow) {
      this.tooLong += 1;
      return refuse(
        outgoing,
        400,
        wire.refusal(400, `prompt is too long: ${size} tokens > ${contextWindow} maximum`),
      );
    }
    const fault = isAside ? undefined : script.fault();
    if (fault) this.faults[fault.kind] += 1;
    if (fault?.kind === "refuse")
      return refuse(outgoing, fault.status, wire.refusal(fault.status, "Please try again later."));
    const usage = this.#cacheOf(model).bill(prompt, this.now);
    const answer = script.answer(isAside);
    const outputTokens = outputOf(answer);
    const head = { id: `r${this.#requests}`, model, usage, outputTokens };
    const events = wire.events(answer, head, this.#issuedBy(wire));
    const sent = fault ? events.slice(0, 1 + Math.floor(fault.at * (events.length - 1))) : events;
    const output = sent.reduce((tokens, event) => tokens + event.output, 0);
    this.#charge(request, { usage, outputTokens: fault ? output : outputTokens, isWhole: !fault });
    if (fault) script.takeBack();
    await send(outgoing, sent);
    this.now += 1500 + outputTokens * 12;
    // What was sent arrives: what a reset takes with it nobody could count.
    if (fault?.kind === "cut") outgoing.socket?.end();
    else if (fault) this.#options.onHeld();
    else outgoing.end();
  }

  #charge({ model, isAside }: ReadRequest, bill: Pick<Charge, "usage" | "outputTokens" | "isWhole">): void {
    this.charges.push({ model, ...bill, step: this.steps, isAside });
    if (bill.isWhole && !isAside) this.steps += 1;
  }

  /** What one provider has signed means nothing to another. */
  #issuedBy({ provider }: Wire): Issued {
    const issued = this.#issued.get(provider);
    if (!issued) throw new Error(`no signatures of ${provider}`);
    return issued;
  }

  #cacheOf(model: string): PromptCache {
    const cache = this.#caches.get(model) ?? cacheOf(model);
    this.#caches.set(model, cache);
    return cache;
  }
}

const outputOf = ({ thought, text, calls }: Answer) =>
  [thought, text, ...calls.map((call) => JSON.stringify(call.arguments))].reduce(
    (tokens, said) => tokens + tokensOf(said),
    0,
  );

function refuse(outgoing: ServerResponse, status: number, body: object): void {
  outgoing.writeHead(status, { "content-type": "application/json" });
  outgoing.end(JSON.stringify(body));
}

async function send(outgoing: ServerResponse, events: readonly WireEvent[]): Promise<void> {
  outgoing.writeHead(200, { "content-type": "text/event-stream" });
  outgoing.flushHeaders();
  const body = events.map((event) => event.body).join("");
  await new Promise<void>((resolve) => {
    outgoing.write(body, () => resolve());
  });
}
