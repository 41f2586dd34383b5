import type { AuditStore } from "../contract/log.ts";
import type { EventPage } from "../contract/page.ts";
import type { Sessions } from "../contract/session.ts";
import { showEvents } from "./events.ts";
import { exportSession, showKey, showLog, verifySession } from "./exports.ts";
import { search } from "./search.ts";
import { archiveSession, createSession, holdSession, listSessions, showSession } from "./sessions.ts";

interface RecordPage {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  page: EventPage;
}

/** The pages of the record: the sessions and their logs. */
export const recordPages = (store: AuditStore, sessions: Sessions): RecordPage[] => [
  { method: "GET", path: "/sessions", page: listSessions(store) },
  { method: "POST", path: "/sessions", page: createSession(sessions) },
  { method: "GET", path: "/sessions/{session_id}", page: showSession(store) },
  { method: "DELETE", path: "/sessions/{session_id}", page: archiveSession(store) },
  { method: "GET", path: "/sessions/{session_id}/events", page: showEvents(store) },
  { method: "GET", path: "/sessions/{session_id}/log", page: showLog(store) },
  { method: "GET", path: "/sessions/{session_id}/export", page: exportSession(store) },
  { method: "GET", path: "/sessions/{session_id}/verify", page: verifySession(store) },
  { method: "PUT", path: "/sessions/{session_id}/hold", page: holdSession(store, true) },
  { method: "DELETE", path: "/sessions/{session_id}/hold", page: holdSession(store, false) },
  { method: "GET", path: "/search", page: search(store) },
  { method: "GET", path: "/audit/key", page: showKey(store) },
];
