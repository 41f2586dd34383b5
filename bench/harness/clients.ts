import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Answer, Blink, Order } from "../load.ts";
import type { DoorName } from "./doors.ts";

const PROGRAM = fileURLToPath(new URL("../load.ts", import.meta.url));

/** Clients of one server, in a process of their own. */
export class Clients {
  readonly #child: ChildProcess = fork(PROGRAM);
  #size = 0;

  async open(origin: string, sessions: number, door: DoorName = "agentloop"): Promise<Answer> {
    const answer = await this.#ask({ kind: "open", door, origin, sessions });
    this.#size += sessions;
    return answer;
  }

  /** Every client has `turns` turns; resolves when all have ended. */
  say(text: string, { turns = 1 } = {}): Promise<Answer> {
    return this.#ask({ kind: "say", text, turns });
  }

  /** The first clients begin a turn, and nobody waits for its end. */
  async begin(text: string, first: number): Promise<void> {
    await this.#ask({ kind: "say_only", text, first });
  }

  async pause(first: number): Promise<void> {
    await this.#ask({ kind: "pause", first });
  }

  /** The first clients read for so many milliseconds, and then nothing again. */
  blink(first: number, ms: number): void {
    this.#child.send({ kind: "blink", first, ms } satisfies Blink);
  }

  async close(first = this.#size): Promise<void> {
    await this.#ask({ kind: "close", first });
    this.#size -= first;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, "exit");
  }

  async #ask(order: Order): Promise<Answer> {
    this.#child.send(order);
    const [{ answer, error }] = (await once(this.#child, "message")) as [{ answer?: Answer; error?: string }];
    if (answer === undefined) throw new Error(error);
    return answer;
  }
}
