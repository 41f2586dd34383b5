import type { Session } from "../../contract/session.ts";
import { type Call, method, type Outcome } from "./call.ts";
import { orUnknown } from "./followers.ts";
import { invalidRequest } from "./frame.ts";
import type { ThreadHistory } from "./history.ts";
import { OfThread, ThreadFork, ThreadResume, ThreadSetName, ThreadStart } from "./params.ts";
import { historyOf, threadOf } from "./read-methods.ts";
import { checkUnchanged, policyWord, sandboxPolicy } from "./settings.ts";
import { toSessionId, toThreadId } from "./thread-id.ts";
import type { Turn } from "./wire.ts";

export const startThread = method(ThreadStart, async (params, call) => {
  const session = await call.sessions.create(optionsOf(params));
  const history = await call.hall.histories.read(session.id, session);
  const follower = call.followers.add(session, history);
  return {
    result: { ...opened({ session, history, params, turns: [] }, call), threadId: follower.threadId },
    after() {
      call.hall.broadcast({ method: "thread/started", params: { thread: threadOf(history, call, []) } });
      follower.follow(history.head);
      warnOfIgnored(params, call);
    },
  };
});

const optionsOf = ({ model, approvalPolicy, cwd, sandbox }: ThreadStart) => ({
  model,
  approvalPolicy: approvalPolicy?.policy,
  workspace: cwd,
  sandbox,
});

interface Opened {
  session: Session;
  history: ThreadHistory;
  params: ThreadStart;
  turns: Turn[];
}

/** What is told of a thread to the client that opens it. */
function opened({ session, history, params, turns }: Opened, call: Call): object {
  const { model, provider, workspace, approvalPolicy, sandbox } = session.info();
  const asked = params.approvalPolicy;
  // A client reads its own word again where it means what is in force.
  const isOwnWord = asked?.policy === approvalPolicy && /^(?:untrusted|on-request|never)$/.test(asked.word);
  return {
    thread: threadOf(history, call, turns),
    model,
    modelProvider: provider,
    serviceTier: null,
    cwd: workspace,
    instructionSources: [],
    approvalPolicy: isOwnWord ? asked.word : policyWord(approvalPolicy),
    approvalsReviewer: "user",
    sandbox: sandboxPolicy(sandbox, call.hall.facts),
    reasoningEffort: null,
  };
}

const IGNORED = ["baseInstructions", "developerInstructions", "config"] as const;

function warnOfIgnored(params: ThreadStart, { notify }: Call): void {
  const ignored = IGNORED.filter((field) => {
    const value = params[field];
    return value !== undefined && value !== "" && Object.keys(value).length > 0;
  });
  if (ignored.length === 0) return;
  const message = `${ignored.join(", ")}: the instructions and settings are the server's; these were left out.`;
  notify({ method: "warning", params: { threadId: null, message } });
}

export const resumeThread = method(ThreadResume, async ({ threadId, excludeTurns, ...asked }, call) => {
  const id = toSessionId(threadId);
  await spokenIn(threadId, call);
  const wasRunning = call.sessions.running().some((session) => session.id === id);
  const session = await call.sessions.open(id);
  checkUnchanged(asked, session.info());
  if (!wasRunning) {
    const params = { threadId: toThreadId(id), status: { type: "idle" } } as const;
    call.hall.broadcast({ method: "thread/status/changed", params });
  }
  return follow({ session, params: asked, excludeTurns }, call);
});

/** A thread that nobody has said anything in is none yet. Throws RpcError. */
async function spokenIn(threadId: string, call: Call): Promise<ThreadHistory> {
  const missing = `no rollout found for thread id ${threadId}`;
  const history = await historyOf(threadId, call, missing);
  if (history.facts.preview === "") throw invalidRequest(missing);
  return history;
}

interface Following {
  session: Session;
  params: ThreadStart;
  excludeTurns: boolean | undefined;
}

/** Tells a client all that there is of a thread, and then what comes. */
async function follow({ session, params, excludeTurns }: Following, call: Call): Promise<Outcome> {
  const history = await call.hall.histories.read(session.id, session);
  const follower = call.followers.add(session, history);
  const turns = excludeTurns === true ? [] : history.turns.turns;
  return {
    result: opened({ session, history, params, turns }, call),
    after() {
      const usage = history.projection.usage();
      if (usage) {
        const { threadId } = follower;
        call.notify({ method: "thread/tokenUsage/updated", params: { threadId, ...usage } });
      }
      follower.follow(history.head);
      warnOfIgnored(params, call);
    },
  };
}

export const forkThread = method(
  ThreadFork,
  async ({ threadId, lastTurnId, excludeTurns, ...params }, call) => {
    const source = toSessionId(threadId);
    const { turns, head } = await spokenIn(threadId, call);
    const end = turns.endOf(lastTurnId);
    if (lastTurnId !== undefined && end === undefined) {
      throw invalidRequest(`lastTurnId: no turn ${lastTurnId} has ended in this thread`);
    }
    const isRunning = turns.turns.at(-1)?.status === "inProgress";
    // What was noted after the last turn belongs to the thread as well.
    const upTo = lastTurnId === undefined && !isRunning ? head : (end ?? -1);
    const session = await call.sessions.fork(source, upTo, optionsOf(params));
    const { result, after } = await follow({ session, params, excludeTurns }, call);
    return {
      result,
      async after() {
        await after?.();
        const history = await call.hall.histories.read(session.id, session);
        call.hall.broadcast({ method: "thread/started", params: { thread: threadOf(history, call, []) } });
      },
    };
  },
);

export const nameThread = method(ThreadSetName, async ({ name, ...asked }, call) => {
  const session = await open(asked.threadId, call);
  const threadId = toThreadId(session.id);
  return {
    result: {},
    after() {
      session.note({ kind: "named", name }, call.json, call.info);
      const notification = { method: "thread/name/updated", params: { threadId, threadName: name } } as const;
      call.hall.announce(threadId, notification);
    },
  };
});

const open = (threadId: string, { sessions }: Call): Promise<Session> =>
  orUnknown(sessions.open(toSessionId(threadId)), `no rollout found for thread id ${threadId}`);

export const archiveThread = method(OfThread, async (asked, call) => {
  const session = await open(asked.threadId, call);
  const threadId = toThreadId(session.id);
  session.note({ kind: "archived", archived: true }, call.json, call.info);
  call.followers.drop(session.id);
  const status = { type: "notLoaded" } as const;
  call.hall.broadcast({ method: "thread/status/changed", params: { threadId, status } });
  return {
    result: {},
    after: () => call.hall.broadcast({ method: "thread/archived", params: { threadId } }),
  };
});

export const unarchiveThread = method(OfThread, async (asked, call) => {
  const session = await open(asked.threadId, call);
  const threadId = toThreadId(session.id);
  session.note({ kind: "archived", archived: false }, call.json, call.info);
  const thread = threadOf(await historyOf(threadId, call), call, []);
  return {
    result: { thread },
    after: () => call.hall.broadcast({ method: "thread/unarchived", params: { threadId } }),
  };
});

export const unsubscribe = method(OfThread, ({ threadId }, { followers, sessions }) => {
  const id = toSessionId(threadId);
  if (followers.drop(id)) return { result: { status: "unsubscribed" } };
  const isLoaded = sessions.running().some((session) => session.id === id);
  return { result: { status: isLoaded ? "notSubscribed" : "notLoaded" } };
});
