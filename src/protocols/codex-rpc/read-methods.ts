import type { ConversationQuery } from "../../contract/log.ts";
import { type Call, method } from "./call.ts";
import { orUnknown } from "./followers.ts";
import { invalidRequest } from "./frame.ts";
import type { ThreadHistory } from "./history.ts";
import { page, pageSize } from "./page.ts";
import { ItemsList, LoadedList, ThreadList, ThreadRead, TurnsList } from "./params.ts";
import type { ThreadFacts } from "./thread-facts.ts";
import { toSessionId, toThreadId } from "./thread-id.ts";
import { summaryOf } from "./turn-log.ts";
import type { Thread, ThreadStatus, Turn } from "./wire.ts";

export const readThread = method(ThreadRead, async ({ threadId, includeTurns }, call) => {
  const history = await historyOf(threadId, call);
  const turns = includeTurns === true ? history.turns.turns : [];
  return { result: { thread: threadOf(history, call, turns) } };
});

/** A thread as it is at this moment. */
export function threadOf({ facts, projection }: ThreadHistory, call: Call, turns: Turn[]): Thread {
  const status = isLoaded(facts, call) ? projection.status : NOT_LOADED;
  return facts.asThread({ status, turns, version: call.hall.facts.version });
}

const NOT_LOADED: ThreadStatus = { type: "notLoaded" };

const isLoaded = ({ id, isArchived }: ThreadFacts, { sessions }: Call) =>
  !isArchived && sessions.running().some((session) => session.id === id);

/** Throws RpcError; `missing` is what is told of a thread that does not exist. */
export function historyOf(
  threadId: string,
  { hall, sessions }: Call,
  missing = `thread not loaded: ${threadId}`,
): Promise<ThreadHistory> {
  const id = toSessionId(threadId);
  const session = sessions.running().find((running) => running.id === id);
  return orUnknown(hall.histories.read(id, session), missing);
}

export const listThreads = method(ThreadList, async ({ cursor, limit, ...wanted }, call) => {
  const { histories } = call.hall;
  const { threads, ...cursors } = await histories.list(queryFor(wanted), pageSize(limit), cursor);
  return { result: { data: threads.map((facts) => listed(facts, call)), ...cursors } };
});

function queryFor(wanted: Omit<ThreadList, "cursor" | "limit">): ConversationQuery {
  const { archived = false, cwd, searchTerm, modelProviders, excludedThreadIds, sortKey } = wanted;
  return {
    put_away: archived,
    workspaces: typeof cwd === "string" ? [cwd] : cwd,
    providers: modelProviders?.length ? modelProviders : undefined,
    words: searchTerm,
    except: excludedThreadIds?.map(toSessionId),
    sort: sortKey === "updated_at" || sortKey === "recency_at" ? "last_activity" : "start_time",
    descending: wanted.sortDirection !== "asc",
  };
}

function listed(facts: ThreadFacts, call: Call): Thread {
  const session = call.sessions.running().find(({ id }) => id === facts.id);
  const isRunning = session?.info().state === "running";
  const status: ThreadStatus = isRunning ? { type: "active", activeFlags: [] } : { type: "idle" };
  return facts.asThread({
    status: session && !facts.isArchived ? status : NOT_LOADED,
    turns: [],
    version: call.hall.facts.version,
  });
}

export const listTurns = method(TurnsList, async ({ threadId, itemsView = "summary", ...paging }, call) => {
  const { turns } = (await historyOf(threadId, call)).turns;
  if (paging.sortDirection !== "asc") turns.reverse();
  const { data, nextCursor } = page(turns, { ...paging, keyOf: ({ id }) => id });
  return {
    result: {
      data: data.map((turn) => inView(turn, itemsView)),
      nextCursor,
      backwardsCursor: data[0]?.id ?? null,
    },
  };
});

function inView(turn: Turn, view: Turn["itemsView"]): Turn {
  if (view === "full") return turn;
  return view === "summary" ? summaryOf(turn) : { ...turn, items: [], itemsView: "notLoaded" };
}

export const listItems = method(ItemsList, async ({ threadId, turnId, ...paging }, call) => {
  const { turns } = (await historyOf(threadId, call)).turns;
  const wanted = turns.filter(({ id }) => turnId === undefined || id === turnId);
  if (turnId !== undefined && wanted.length === 0) throw invalidRequest(`turn not found: ${turnId}`);
  const entries = wanted.flatMap(({ id, items }) =>
    items.map((item) => ({
      turnId: id,
      item,
      startedAtMs: item.startedAtMs,
      completedAtMs: item.completedAtMs,
    })),
  );
  if (paging.sortDirection === "desc") entries.reverse();
  const { data, nextCursor } = page(entries, { ...paging, keyOf: ({ item }) => item.id });
  return { result: { data, nextCursor, backwardsCursor: data[0]?.item.id ?? null } };
});

export const listLoaded = method(LoadedList, ({ cursor, limit }, { sessions }) => {
  const ids = sessions.running().map(({ id }) => toThreadId(id));
  return { result: page(ids, { cursor, limit, keyOf: (id) => id }) };
});
