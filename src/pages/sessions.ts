import { z } from "zod";
import { AgentError } from "../contract/error.ts";
import { type AuditStore, type Records, SESSION_SORTS, type SessionQuery } from "../contract/log.ts";
import { ApprovalPolicy } from "../contract/message.ts";
import type { Page } from "../contract/page.ts";
import type { Sessions } from "../contract/session.ts";
import { inLargePieces, json } from "./pieces.ts";
import { number, readQuery, time, words } from "./query.ts";
import { record } from "./record.ts";

const MAX_LIMIT = 1000;

export const ListQuery = z.strictObject({
  limit: number(`expected a number from 1 to ${MAX_LIMIT}`, 1, MAX_LIMIT).optional(),
  cursor: z.string().optional(),
  state: z.enum(["active", "ended", "archived"], "expected active, ended or archived").optional(),
  model: z.string().min(1, "expected a model's name").optional(),
  since: time.optional(),
  until: time.optional(),
  q: words.optional(),
  sort: z.enum(SESSION_SORTS, `expected one of ${SESSION_SORTS.join(", ")}`).default("newest"),
});

/**
 * `GET /sessions`: `{"sessions": [SessionListing, ...]}`, newest first, without the archived ones. With `limit` also
 * `next_cursor` (null on the last page) and `total`.
 */
export const listSessions =
  ({ records, recordRead }: AuditStore): Page =>
  async (request) => {
    const { limit, cursor, ...query } = readQuery(ListQuery, request.query);
    if (cursor !== undefined && limit === undefined) {
      throw new AgentError("invalid_message", "limit: expected with cursor, got nothing");
    }
    record(recordRead, "list", request);
    if (limit === undefined) return json(inLargePieces(allSessions(records, query)));
    return json(JSON.stringify(await records.page(query, limit, cursor)));
  };

async function* allSessions(records: Records, query: SessionQuery): AsyncGenerator<string> {
  yield '{"sessions":[';
  let separator = "";
  for await (const listing of records.list(query)) {
    yield separator + JSON.stringify(listing);
    separator = ",";
  }
  yield "]}";
}

/** `GET /sessions/{session_id}`: its SessionListing, and `approval_requests`: every ApprovalRecord. */
export const showSession =
  ({ records, recordRead }: AuditStore): Page =>
  async (request) => {
    const { session_id = "" } = request.params;
    readQuery(z.strictObject({}), request.query);
    const listing = await records.summary(session_id);
    if (listing === undefined) throw unknownSession(session_id);
    record(recordRead, "show", request);
    return json(JSON.stringify({ ...listing, approval_requests: await records.approvals(session_id) }));
  };

const Wishes = z.strictObject({
  model: z.string().min(1).optional(),
  approvalPolicy: ApprovalPolicy.optional(),
});

/** `POST /sessions`: 201 and the SessionInfo of a new session, to attach to. The body may name `model` and `approvalPolicy`. */
export const createSession =
  (sessions: Sessions): Page =>
  async ({ body }) => {
    const session = await sessions.create(readWishes(body));
    return {
      status: 201,
      headers: { Location: `/sessions/${session.id}` },
      body: JSON.stringify(session.info()),
    };
  };

function readWishes(body: string): z.infer<typeof Wishes> {
  let value: unknown;
  try {
    value = body.trim() === "" ? {} : JSON.parse(body);
  } catch {
    throw new AgentError("invalid_json", "expected a JSON object in the body");
  }
  const read = Wishes.safeParse(value);
  if (read.success) return read.data;
  throw new AgentError("invalid_message", z.prettifyError(read.error));
}

/** `DELETE /sessions/{session_id}`: moves it to the archive, 204; 409 while it is active or under legal hold. */
export const archiveSession =
  ({ records, recordRead }: AuditStore): Page =>
  async (request) => {
    const { session_id = "" } = request.params;
    record(recordRead, "archive", request);
    const problem = await records.archive(session_id);
    if (problem !== undefined)
      return { status: 409, body: JSON.stringify({ error: PROBLEMS[problem](session_id) }) };
    return NOTHING;
  };

const PROBLEMS = {
  active: (id: string) => ({
    code: "session_active",
    message: `session ${id} is active: it can be archived when it has ended`,
  }),
  legal_hold: (id: string) => ({
    code: "legal_hold",
    message: `session ${id} is under legal hold: it can be archived when that is lifted`,
  }),
};

/** `PUT` and `DELETE /sessions/{session_id}/hold`: legal hold; 204. */
export const holdSession =
  ({ records, recordRead }: AuditStore, held: boolean): Page =>
  async (request) => {
    record(recordRead, held ? "hold" : "release", request);
    await records.hold(request.params["session_id"] ?? "", held);
    return NOTHING;
  };

const NOTHING = { status: 204, body: "" };

const unknownSession = (id: string) => new AgentError("unknown_session", `there is no session ${id}`);
