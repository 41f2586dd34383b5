import { existsSync } from "node:fs";
import type { Durability } from "../../src/audit/chained-file.ts";
import type { Disk } from "../../src/audit/disk.ts";
import { signingKeyOf } from "../../src/audit/keys.ts";
import { prepareFolder } from "../../src/audit/files.ts";
import { createFileLogStore } from "../../src/audit/log.ts";
import { Trail } from "../../src/audit/trail.ts";
import { verifyAll } from "../../src/audit/verify.ts";
import type { SessionId, SessionLog, VerifyReport } from "../../src/contract/log.ts";

const SEED = "0c".repeat(32);
const idOf = (number: number): SessionId => number.toString(16).padStart(32, "0");

/** A message that a barrier has covered. */
export interface Kept {
  id: SessionId;
  seq: number;
  text: string;
  /** `begun`: some of its content may be gone already. */
  erasure?: "begun" | "done";
}

/** Of a session that goes on while another one ends, is taken up again and erased from, with large contents in between. */
export async function runLog(
  folder: string,
  disk: Disk,
  keep: (kept: Kept) => void,
  durability: Durability = "barrier",
): Promise<void> {
  prepareFolder(folder);
  const trail = new Trail({ folder, disk, signingKey: SEED, durability });
  const attempt = new Attempts(keep);
  await attempt.work(() => trail.recover());
  const first = await attempt.work(async () => attempt.session(idOf(1), trail.create(idOf(1))));
  await first?.say("one", "two");
  await first?.say(`data:image/png;base64,${"A".repeat(3000)}`);
  const second = await attempt.work(async () => attempt.session(idOf(2), trail.create(idOf(2))));
  await second?.say("three", "x".repeat(70_000));
  await first?.end();
  await attempt.erase(idOf(1), 2, () => trail.erase(idOf(1), 2, "a test"));
  const again = await attempt.work(async () => attempt.session(idOf(1), await trail.open(idOf(1))));
  await again?.say("four");
  await second?.say("five");
  await again?.end();
  await second?.end();
  await attempt.work(() => trail.close());
}

/** What fails is given up, as a server gives up a turn, and the rest goes on. */
class Attempts {
  readonly #keep: (kept: Kept) => void;

  constructor(keep: (kept: Kept) => void) {
    this.#keep = keep;
  }

  async work<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch {
      return undefined;
    }
  }

  async erase(id: SessionId, seq: number, work: () => Promise<void>): Promise<void> {
    this.#keep({ id, seq, text: "", erasure: "begun" });
    await this.work(async () => {
      await work();
      this.#keep({ id, seq, text: "", erasure: "done" });
    });
  }

  session(id: SessionId, log: SessionLog) {
    return {
      say: (...texts: string[]) =>
        this.work(async () => {
          const said = texts.map((text) => ({
            id,
            text,
            seq: log.append("outgoing", JSON.stringify({ text })),
          }));
          await log.barrier();
          said.forEach(this.#keep);
        }),
      end: () => this.work(() => log.end()),
    };
  }
}

/** What a restart finds. */
export interface Aftermath {
  /** What should not be: kept messages that are missing or other than they were, or a server that does not go on. */
  wrong: string[];
  reports: VerifyReport[];
}

/** Starts anew on what a run has left, on a disk without faults. */
export async function restart(folder: string, kept: readonly Kept[]): Promise<Aftermath> {
  const store = createFileLogStore({ folder, signingKey: SEED });
  const wrong: string[] = [];
  try {
    await store.recover();
    for (const { id, seq, text, erasure } of newest(kept)) {
      if (erasure === "begun") continue;
      const [line] = await collect(store.read(id, seq - 1, 1)).catch(() => []);
      const expected = erasure === "done" ? '"event":"erased"' : JSON.stringify({ text });
      if (!JSON.stringify(line?.message_data)?.includes(expected))
        wrong.push(`line ${seq} of ${id} is missing`);
    }
    const log = store.create(idOf(9));
    log.append("outgoing", "{}");
    await log.end();
  } catch (error) {
    wrong.push(`the server does not go on: ${String(error)}`);
  } finally {
    await store.close();
  }
  const reports = await collect(verifyAll(folder, [signingKeyOf(SEED)]));
  const fresh = reports.find(({ session_id }) => session_id === idOf(9));
  if (!fresh?.ok) wrong.push(`what was written after the restart is not sound: ${JSON.stringify(fresh)}`);
  if (existsSync(folder) && reports.length === 0) wrong.push("there is no report");
  return { wrong, reports };
}

/** What was said last of each line. */
function newest(kept: readonly Kept[]): Kept[] {
  return [...new Map(kept.map((each) => [`${each.id} ${each.seq}`, each])).values()];
}

async function collect<Item>(source: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of source) items.push(item);
  return items;
}
