import type { AuditFacts } from "../../contract/agent.ts";
import type { Direction, Seq, SessionLog } from "../../contract/log.ts";
import type { Redactor } from "../../contract/redact.ts";
import { redactPatterns } from "./patterns.ts";

/**
 * A log whose lines hold nothing that looks like a secret, and no loaded value in their facts; `audit.redactions`
 * counts what was replaced. Loaded values in the messages were replaced before, for the clients too.
 */
export class RedactedLog implements SessionLog {
  readonly #log: SessionLog;
  readonly #redactor: Redactor;

  constructor(log: SessionLog, redactor: Redactor) {
    this.#log = log;
    this.#redactor = redactor;
  }

  get head() {
    return this.#log.head;
  }

  append(direction: Direction, json: string, audit?: AuditFacts): Seq {
    const message = redactPatterns(json);
    const facts = this.#redactFacts(audit);
    const redactions = message.count + facts.count + (audit?.redactions ?? 0);
    const counted = redactions > 0 ? { ...facts.audit, redactions } : facts.audit;
    return this.#log.append(direction, message.text, counted);
  }

  barrier(): Promise<void> {
    return this.#log.barrier();
  }

  end(): Promise<void> {
    return this.#log.end();
  }

  #redactFacts(audit: AuditFacts | undefined): { audit: AuditFacts | undefined; count: number } {
    if (audit === undefined) return { audit, count: 0 };
    const loaded = this.#redactor.json(JSON.stringify(audit));
    const known = redactPatterns(loaded.text);
    const count = loaded.count + known.count;
    return { audit: count > 0 ? (JSON.parse(known.text) as AuditFacts) : audit, count };
  }
}
