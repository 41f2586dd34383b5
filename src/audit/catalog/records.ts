import type { DatabaseSync } from "node:sqlite";
import { AgentError } from "../../contract/error.ts";
import type {
  ApprovalRecord,
  ArchiveProblem,
  ConversationPage,
  ConversationQuery,
  ExportFormat,
  LogLine,
  Records,
  SearchPage,
  Seq,
  SessionId,
  SessionListing,
  SessionPage,
  SessionQuery,
  SessionSummary,
} from "../../contract/log.ts";
import { readConversations } from "./conversations.ts";
import { CatalogIndex, type CatalogOptions } from "./indexing.ts";
import { readPage, toListing } from "./query.ts";
import { exportLog } from "../export/export.ts";
import { readApprovals } from "../export/approvals.ts";
import { follow, readLog } from "./follow.ts";
import { Search } from "./search.ts";

/** How many sessions are read from the catalog together for a listing of all: they wait until somebody takes them. */
const LISTED_TOGETHER = 25;

/** All logs of a store, for those who read them. */
export class CatalogRecords implements Records {
  readonly #options: CatalogOptions;
  readonly index: CatalogIndex;

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.index = new CatalogIndex(options);
  }

  async summary(id: SessionId): Promise<SessionListing | undefined> {
    const row = await this.index.row(id);
    return row && this.#asOfNow([toListing(row)])[0];
  }

  async *list(query: SessionQuery): AsyncGenerator<SessionListing> {
    const read = (cursor?: string) => (database: DatabaseSync) =>
      readPage(database, query, { limit: LISTED_TOGETHER, cursor, uncounted: true });
    let page = await this.index.ask(read(), { names: true });
    yield* this.#asOfNow(page.sessions);
    while (page.next_cursor !== null) {
      page = await this.index.askAgain(read(page.next_cursor));
      yield* this.#asOfNow(page.sessions);
    }
  }

  async page(query: SessionQuery, limit: number, cursor?: string): Promise<SessionPage> {
    const page = await this.index.ask((database) => readPage(database, query, { limit, cursor }));
    return { ...page, sessions: this.#asOfNow(page.sessions) };
  }

  async conversations(query: ConversationQuery, limit: number, cursor?: string): Promise<ConversationPage> {
    const page = await this.index.ask((database) => readConversations(database, query, { limit, cursor }));
    return { ...page, conversations: this.#asOfNow(page.conversations) };
  }

  async search(words: string, limit: number, cursor?: string): Promise<SearchPage> {
    const search = new Search({ words, limit, cursor });
    return await search.read(await this.index.ask((database) => search.find(database)), this.#options.source);
  }

  async *read(id: SessionId, after: Seq, limit: number): AsyncGenerator<LogLine> {
    await this.#mustExist(id);
    yield* readLog(this.#options.source, { id, after, limit });
  }

  async *follow(id: SessionId, after: Seq, signal: AbortSignal): AsyncGenerator<LogLine> {
    await this.#mustExist(id);
    yield* follow(this.#options.source, { id, after, signal });
  }

  async *raw(id: SessionId): AsyncGenerator<Uint8Array> {
    await this.#mustExist(id);
    yield* this.#options.source.raw(id);
  }

  async approvals(id: SessionId): Promise<ApprovalRecord[]> {
    return await readApprovals(this.read(id, -1, Infinity));
  }

  async *export(id: SessionId, format: ExportFormat): AsyncGenerator<string | Uint8Array> {
    const listing = await this.summary(id);
    if (listing === undefined) throw unknownSession(id);
    if (format === "jsonl") yield* this.raw(id);
    else yield* exportLog(format, listing, this.read(id, -1, Infinity));
  }

  async archive(id: SessionId): Promise<ArchiveProblem | undefined> {
    const listing = await this.summary(id);
    if (listing === undefined) throw unknownSession(id);
    if (listing.state === "active") return "active";
    if (this.#options.source.find(id)?.held) return "legal_hold";
    const problem = listing.state === "ended" ? await this.#options.archive(id) : undefined;
    await this.summary(id);
    return problem;
  }

  async hold(id: SessionId, held: boolean): Promise<void> {
    await this.#mustExist(id);
    await this.#options.source.hold(id, held);
    this.index.grew([id]);
  }

  async #mustExist(id: SessionId): Promise<void> {
    if (this.#options.source.find(id) === undefined) throw unknownSession(id);
  }

  /** With what the logs that are being written say of themselves. */
  #asOfNow<Listing extends Pick<SessionSummary, "session_id">>(listings: Listing[]): Listing[] {
    const live = new Map([...this.#options.live()].map((summary) => [summary.session_id, summary]));
    return listings.map((listing) => ({ ...listing, ...live.get(listing.session_id) }));
  }
}

const unknownSession = (id: SessionId) => new AgentError("unknown_session", `there is no session ${id}`);
