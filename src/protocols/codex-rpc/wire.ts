/**
 * What we send, in the words and shapes of the Codex app-server's protocol (v2). Times that end in `Ms` are in
 * milliseconds, all others in seconds.
 */

interface Times {
  startedAtMs: number;
  completedAtMs: number | null;
}

/** A part of what a user says. */
export type UserPart =
  | { type: "text"; text: string; text_elements: never[] }
  | { type: "image"; url: string; detail: "auto" | "low" | "high" | null };

type ItemStatus = "inProgress" | "completed" | "failed" | "declined";

export interface CommandAction {
  type: "unknown";
  command: string;
}

export interface FileUpdateChange {
  /** Absolute. */
  path: string;
  kind: { type: "add" } | { type: "delete" } | { type: "update"; move_path: string | null };
  /** The whole content of a file that is added or deleted; hunks of one that is updated. */
  diff: string;
}

export interface UserMessage extends Times {
  type: "userMessage";
  id: string;
  clientId: string | null;
  content: UserPart[];
}

export interface AgentMessage extends Times {
  type: "agentMessage";
  moderation: null;
  id: string;
  text: string;
  phase: "commentary" | "partial_answer" | "final_answer" | null;
  memoryCitation: null;
  delivery: null;
  questions: null;
}

export interface Reasoning extends Times {
  type: "reasoning";
  id: string;
  summary: string[];
  content: string[];
}

export interface CommandExecution extends Times {
  type: "commandExecution";
  id: string;
  pluginId: null;
  scriptPath: null;
  command: string;
  cwd: string;
  processId: null;
  source: "agent";
  status: ItemStatus;
  commandActions: CommandAction[];
  aggregatedOutput: string | null;
  exitCode: number | null;
  durationMs: number | null;
}

export interface FileChangeItem extends Times {
  type: "fileChange";
  id: string;
  changes: FileUpdateChange[];
  status: ItemStatus;
}

interface ContextCompaction extends Times {
  type: "contextCompaction";
  id: string;
}

export type ThreadItem =
  | UserMessage
  | AgentMessage
  | Reasoning
  | CommandExecution
  | FileChangeItem
  | ContextCompaction;

export interface TurnError {
  message: string;
  codexErrorInfo: string | null;
  additionalDetails: null;
}

export interface Turn {
  id: string;
  rootTurnId: string;
  items: ThreadItem[];
  itemsView: "notLoaded" | "summary" | "full";
  status: "inProgress" | "completed" | "interrupted" | "failed";
  error: TurnError | null;
  startedAt: number | null;
  completedAt: number | null;
  durationMs: number | null;
}

export type ThreadStatus =
  | { type: "notLoaded" }
  | { type: "idle" }
  | { type: "active"; activeFlags: "waitingOnApproval"[] };

export interface TokenUsageBreakdown {
  totalTokens: number;
  inputTokens: number;
  cachedInputTokens: number;
  cacheWriteInputTokens: number;
  outputTokens: number;
  reasoningOutputTokens: number;
}

export interface ThreadTokenUsage {
  total: TokenUsageBreakdown;
  last: TokenUsageBreakdown;
  modelContextWindow: number | null;
}

export interface Thread {
  id: string;
  sessionId: string;
  preview: string;
  ephemeral: false;
  projectId: null;
  historyMode: "paginated";
  modelProvider: string;
  model: string;
  createdAt: number;
  updatedAt: number;
  recencyAt: number;
  status: ThreadStatus;
  path: null;
  cwd: string;
  cliVersion: string;
  source: "appServer";
  forkedFromId: string | null;
  gitInfo: null;
  name: string | null;
  turns: Turn[];
}
