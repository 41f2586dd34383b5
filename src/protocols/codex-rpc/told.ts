import type { Notification } from "./notification.ts";
import type { CommandAction, Turn } from "./wire.ts";

type Decision = "accept" | "acceptForSession" | "decline" | "cancel";

/** A question to the client, without its number. */
export type Question =
  | {
      method: "item/commandExecution/requestApproval";
      params: {
        kind: "command";
        threadId: string;
        turnId: string;
        itemId: string;
        startedAtMs: number;
        environmentId: null;
        reason: string;
        command: string;
        cwd: string;
        commandActions: CommandAction[];
        availableDecisions: Decision[];
      };
    }
  | {
      method: "item/fileChange/requestApproval";
      params: {
        threadId: string;
        turnId: string;
        itemId: string;
        startedAtMs: number;
        reason: string;
        grantRoot: null;
      };
    };

/** What one message of a session comes to, for one client. */
export type Told =
  | { kind: "notification"; notification: Notification }
  /** `requestId` is the session's. */
  | { kind: "question"; requestId: string; question: Question }
  | { kind: "resolved"; requestId: string }
  /** The answer to whoever began the turn has its place before what follows, that to whoever interrupts it as well. */
  | { kind: "turnStarting"; turn: Turn }
  | { kind: "turnEnding" };
