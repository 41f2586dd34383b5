import { AgentError } from "../../contract/error.ts";
import type { ResponseItem } from "../../contract/item.ts";
import type { ApprovalPolicy, SandboxMode } from "../../contract/message.ts";
import type { AppServer } from "./app-server.ts";
import { historyItems } from "./items.ts";
import { approvalWord, profileOf } from "./settings.ts";
import { ThreadStarted } from "./wire.ts";

export interface ThreadOptions {
  workspace: string;
  policy: ApprovalPolicy;
  sandbox: SandboxMode;
  /** What to tell the model beside the engine's own instructions. */
  instructions: () => Promise<string>;
  /** Empty: the engine's own default. */
  model: string;
}

/** How much of a conversation is handed over at once, in items. */
const PORTION = 200;

/**
 * Begins a thread with our conversation in it. The engine keeps no record of its own: ours is the only one, and whatever
 * a thread needs to go on from stands there.
 */
export async function startThread(
  server: AppServer,
  options: ThreadOptions,
  items: readonly ResponseItem[],
  signal: AbortSignal,
): Promise<{ id: string; model: string }> {
  const { workspace, policy, model } = options;
  const instructions = await options.instructions();
  const asked = {
    cwd: workspace,
    approvalPolicy: approvalWord(policy),
    ephemeral: true,
    experimentalRawEvents: true,
    ...(model !== "" && { model }),
    ...(instructions !== "" && { developerInstructions: instructions }),
  };
  const answer = await server.call("thread/start", asked, signal);
  const started = ThreadStarted.parse(answer);
  checkBounds(started, options, server.marker);
  const { id } = started.thread;
  const history = historyItems(items);
  for (let at = 0; at < history.length; at += PORTION) {
    const portion = { threadId: id, items: history.slice(at, at + PORTION) };
    await server.call("thread/inject_items", portion, signal);
  }
  return { id, model: started.model };
}

/** Its configuration may come from elsewhere: what it says that it will hold itself to must be what we asked for. */
function checkBounds(
  { approvalPolicy, sandbox, activePermissionProfile }: ReturnType<typeof ThreadStarted.parse>,
  { policy, sandbox: mode }: ThreadOptions,
  marker: string,
): void {
  const isOurs = mode === "danger-full-access" || activePermissionProfile?.id === profileOf(marker, mode);
  if (isOurs && SANDBOX_WORDS[mode] === sandbox.type && approvalPolicy === approvalWord(policy)) return;
  throw new AgentError(
    "internal",
    `The codex engine does not keep to this server's bounds: expected sandbox ${SANDBOX_WORDS[mode]} and approval ` +
      `policy ${approvalWord(policy)}, got ${sandbox.type} and ${JSON.stringify(approvalPolicy)}. ` +
      "Does a configuration of the machine in /etc/codex set them?",
  );
}

const SANDBOX_WORDS: Record<SandboxMode, string> = {
  "read-only": "readOnly",
  "workspace-write": "workspaceWrite",
  "danger-full-access": "dangerFullAccess",
};
