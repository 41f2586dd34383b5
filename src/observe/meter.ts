import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Usage } from "../contract/item.ts";
import type { Happening, Listener, Watched } from "./happening.ts";

/** How things stand when somebody asks. */
export interface Standing {
  sessions: { idle: number; running: number };
  /** One entry a client. */
  clients: readonly { door: string; waitingBytes: number }[];
  /** Written to the logs, and not yet on the disk. */
  unsyncedBytes: number;
}

const MODEL = ["provider", "model"] as const;
/** Seconds. */
const QUICK = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const LONG = [0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400];
const TOOLS = new Set(["shell", "apply_patch"]);

/** Metrics in the text format of Prometheus. What a client may write freely never becomes a label. */
export class Meter implements Listener {
  readonly registry = new Registry();
  readonly #models: ReadonlySet<string>;
  /** Since when requests for approval wait, by session. */
  readonly #waiting = new Map<string, number>();

  readonly #sessionsBegun = this.#counter("sessions_begun_total", "Sessions that began to run.", []);
  readonly #sessionsEnded = this.#counter("sessions_ended_total", "Sessions that ended.", []);
  readonly #turns = this.#counter("turns_total", "Turns that ended, by how.", [...MODEL, "status"]);
  readonly #turnSeconds = this.#seconds(
    "turn_duration_seconds",
    "A turn, with the waits for approval.",
    LONG,
  );
  readonly #firstDelta = this.#seconds(
    "first_delta_seconds",
    "From what a model is asked to the first piece of its answer.",
    QUICK,
  );
  readonly #responseSeconds = this.#seconds("response_duration_seconds", "A model's whole answer.", LONG);
  readonly #tokens = this.#counter(
    "tokens_total",
    "Tokens. The cached are among the input, and the reasoning among the output.",
    [...MODEL, "kind"],
  );
  readonly #cost = this.#counter("cost_usd_total", "US dollars, where the price is known.", MODEL);
  readonly #unpriced = this.#counter("unpriced_responses_total", "Answers whose price is not known.", MODEL);
  readonly #toolSeconds = new Histogram({
    name: "agentloop_tool_duration_seconds",
    help: "A tool's run, by its outcome.",
    labelNames: ["tool", "outcome"],
    buckets: LONG,
    registers: [this.registry],
  });
  readonly #approvals = this.#counter("approvals_total", "Requests that were answered, and by whom.", [
    "review",
    "decided_by",
  ]);
  readonly #approvalSeconds = new Histogram({
    name: "agentloop_approval_wait_seconds",
    help: "How long requests for approval waited.",
    buckets: LONG,
    registers: [this.registry],
  });
  readonly #errors = this.#counter("errors_total", "Errors that clients were told.", ["code"]);
  readonly #retries = this.#counter("provider_retries_total", "Requests that were sent again.", ["provider"]);
  readonly #compactions = this.#counter("compactions_total", "Contexts that were compacted.", []);
  readonly #deltas = this.#counter(
    "deltas_total",
    "Pieces of answers and of tools' output, counted when a turn ends.",
    [],
  );
  readonly #lines = this.#counter("log_lines_total", "Lines that were written to session logs.", []);
  readonly #bytes = this.#counter("log_bytes_total", "Bytes of their messages.", []);

  /** `models`: the names that may be labels. All others are `other`. */
  constructor(models: Iterable<string>) {
    this.#models = new Set(models);
  }

  /** Adds what is looked up when somebody asks, and the process' own metrics. */
  watch(standing: () => Standing): void {
    const gauge = (name: string, help: string, labelNames: string[], read: (gauge: Gauge) => void) =>
      new Gauge({
        name: `agentloop_${name}`,
        help,
        labelNames,
        registers: [this.registry],
        collect() {
          this.reset();
          read(this);
        },
      });
    gauge("sessions", "Sessions now.", ["state"], (each) => {
      for (const [state, count] of Object.entries(standing().sessions)) each.set({ state }, count);
    });
    gauge("clients", "Clients that are connected.", ["door"], (each) => {
      for (const { door } of standing().clients) each.inc({ door });
    });
    gauge("client_queue_bytes", "Bytes that wait for clients to read them.", [], (each) =>
      each.set(standing().clients.reduce((sum, { waitingBytes }) => sum + waitingBytes, 0)),
    );
    gauge("log_unsynced_bytes", "Bytes of the logs that are not on the disk yet.", [], (each) =>
      each.set(standing().unsyncedBytes),
    );
    gauge("approvals_open", "Requests for approval that wait.", [], (each) => each.set(this.#waiting.size));
    gauge(
      "approval_oldest_seconds",
      "How long the oldest of them has waited; 0 where none does.",
      [],
      (each) => {
        const now = performance.now();
        const oldest = Math.min(...this.#waiting.values(), now);
        each.set((now - oldest) / 1000);
      },
    );
    // A timer of its own: the shorter, the dearer.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 100 });
  }

  /** A line of a session's log. */
  line(bytes: number): void {
    this.#lines.inc();
    this.#bytes.inc(bytes);
  }

  happened(what: Happening, session: Watched): void {
    const labels = this.#labelsOf(session);
    switch (what.type) {
      case "session_began":
        this.#sessionsBegun.inc();
        break;
      case "session_ended":
        this.#waiting.delete(session.id);
        this.#sessionsEnded.inc();
        break;
      case "turn_began":
        break;
      case "turn_ended":
        this.#turns.inc({ ...labels, status: what.status });
        this.#turnSeconds.observe(labels, seconds(what));
        break;
      case "first_delta":
        this.#firstDelta.observe(labels, what.durationMs / 1000);
        break;
      case "response":
        this.#responseSeconds.observe(labels, seconds(what));
        this.#count(what.usage, labels);
        break;
      case "tool": {
        const tool = TOOLS.has(what.name) ? what.name : "other";
        this.#toolSeconds.observe({ tool, outcome: outcomeOf(what) }, seconds(what));
        break;
      }
      case "approval_asked":
        this.#waiting.set(session.id, what.at);
        break;
      case "approval_decided":
        this.#waiting.delete(session.id);
        this.#approvals.inc({ review: what.review, decided_by: what.decidedBy });
        this.#approvalSeconds.observe(what.durationMs / 1000);
        break;
      case "error":
        this.#errors.inc({ code: what.code });
        break;
      case "retry":
        this.#retries.inc({ provider: session.provider });
        break;
      case "compaction":
        this.#compactions.inc();
        break;
      case "deltas":
        this.#deltas.inc(what.count);
        break;
    }
  }

  #count(usage: Usage, labels: Labels): void {
    const kinds = {
      input: usage.input_tokens,
      cached_input: usage.cached_input_tokens,
      cache_write_input: usage.cache_write_input_tokens,
      output: usage.output_tokens,
      reasoning_output: usage.reasoning_output_tokens,
    };
    for (const [kind, count] of Object.entries(kinds)) this.#tokens.inc({ ...labels, kind }, count);
    if (usage.cost_usd === null) this.#unpriced.inc(labels);
    else this.#cost.inc(labels, usage.cost_usd);
  }

  #labelsOf({ provider, model }: Watched): Labels {
    return { provider, model: this.#models.has(model) ? model : "other" };
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name: `agentloop_${name}`, help, labelNames, registers: [this.registry] });
  }

  #seconds(name: string, help: string, buckets: number[]): Histogram<(typeof MODEL)[number]> {
    return new Histogram({
      name: `agentloop_${name}`,
      help,
      labelNames: MODEL,
      buckets,
      registers: [this.registry],
    });
  }
}

interface Labels {
  provider: string;
  model: string;
}

const seconds = ({ began, at }: { began: number; at: number }): number => (at - began) / 1000;

/** `failed`: it ran, and says so itself by its exit code. */
function outcomeOf({ facts }: Extract<Happening, { type: "tool" }>): string {
  if (facts?.timed_out === true) return "timed_out";
  if (facts?.signal) return "killed";
  return (facts?.exit_code ?? 0) === 0 ? "ok" : "failed";
}
