import { createLogStore } from "../audit/log.ts";
import type { AuditStore, SessionId, SessionLog } from "../contract/log.ts";

/**
 * Does at random what a server does with its sessions, and says on stdout after each step how many it has made: until
 * it is killed. `node random-sessions.ts FOLDER SEED FIRST`; FIRST is the number of the first new session.
 */
const [, , folder = "", seed = "1", first = "0"] = process.argv;

const store = createLogStore({ folder, durability: "off" });
const open = new Map<SessionId, SessionLog>();
const ended: SessionId[] = [];
let next = Number(first);
let state = Number(seed);

/** Numbers that look random and come again with the same seed. */
function random(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

const idOf = (number: number): SessionId => number.toString(16).padStart(32, "0");
const pick = <Item>(items: readonly Item[]): Item | undefined => items[random(items.length)];

await store.recover();
for (;;) {
  await step(random(20));
  // The other side's ear must not be what sets the pace.
  process.stdout.write(`${next}\n`);
}

async function step(kind: number): Promise<void> {
  if (kind < 6 || open.size === 0) begin();
  else if (kind < 14) append();
  else if (kind < 17) await end();
  else if (kind === 17) await resume();
  else if (kind === 18) await store.records.page({ sort: "newest" }, 5);
  else await putAway(store);
}

function begin(): void {
  const id = idOf(next);
  next += 1;
  open.set(id, store.create(id));
}

function append(): void {
  const log = pick([...open.values()]);
  for (let count = random(6); count >= 0; count -= 1) {
    const message = messageOf(random(7));
    log?.append(message.type === "user_input" ? "incoming" : "outgoing", JSON.stringify(message));
  }
}

async function end(): Promise<void> {
  const id = pick([...open.keys()]);
  if (id === undefined) return;
  await open.get(id)?.end();
  open.delete(id);
  ended.push(id);
}

async function resume(): Promise<void> {
  const id = pick(ended);
  if (id === undefined || open.has(id) || (await store.summary(id))?.state !== "ended") return;
  open.set(id, await store.open(id));
}

async function putAway({ records }: AuditStore): Promise<void> {
  const id = pick(ended);
  if (id === undefined || open.has(id)) return;
  if (random(3) === 0) await records.hold(id, random(2) === 0);
  else await records.archive(id);
}

function messageOf(kind: number): { type: string; id: string; payload: unknown } {
  const id = `m${random(4)}`;
  const usage = () => ({
    input_tokens: random(1000),
    cached_input_tokens: random(100),
    cache_write_input_tokens: random(10),
    output_tokens: random(500),
    reasoning_output_tokens: random(50),
    // Halves, so that the sums are exact in any order.
    cost_usd: random(10) === 0 ? null : random(8) / 2,
  });
  const model = { model: `model-${random(5)}`, provider: "openai" };
  switch (kind) {
    case 0:
      return { id, type: "user_input", payload: { input: `question ${random(1000)} of the user` } };
    case 1:
      return { id, type: "loading_state", payload: { loading: random(2) === 0 } };
    case 2:
      return { id, type: "session_info", payload: model };
    case 3:
      return {
        id,
        type: "status",
        payload: { kind: "response_finished", responseId: "r", ...model, usage: usage() },
      };
    case 4:
      return { id, type: "status", payload: { kind: "model_changed", ...model } };
    case 5:
      return { id: `a${next}-${random(1e9)}`, type: "approval_request", payload: { command: ["ls"] } };
    default:
      return {
        id,
        type: "response_item",
        payload: { type: "message", content: [{ text: "ä".repeat(random(300)) }] },
      };
  }
}
