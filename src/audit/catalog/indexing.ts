import type { DatabaseSync } from "node:sqlite";
import type { ArchiveProblem, SessionId, SessionSummary } from "../../contract/log.ts";
import { changedLogs, compareNames } from "./compare.ts";
import { IN_MEMORY, isDamage, removeDatabase } from "./database.ts";
import { CatalogPlace, type OpenCatalog } from "./opening.ts";
import type { LogSource } from "./source.ts";
import type { CatalogTable, SessionRow } from "./table.ts";

export interface CatalogOptions {
  source: LogSource;
  /** The catalog's file, or IN_MEMORY. */
  path: string;
  /** Moves an ended log, with all that belongs to it, where archived logs are; undefined when that is done. */
  archive: (id: SessionId) => Promise<ArchiveProblem | undefined>;
  /** What this process writes to just now, as it stands. */
  live: () => Iterable<SessionSummary>;
  /** Whether another process writes here: then what is marked as active is so, and no relic of a crash. */
  othersWrite: () => boolean;
  /** A fault of the catalog. It harms nobody: all that it tells can be read from the logs again. */
  onFault: (error: unknown) => void;
}

/** How long what is new in the logs waits to come into the catalog. */
const FOLLOW_MS = 1000;

interface Opened extends OpenCatalog {
  /** Resolves when what a crash left behind has been read. */
  recovered: Promise<void>;
}

/**
 * Keeps the catalog level with the logs. It follows them: whoever writes a log only says that it begins. An answer
 * holds all that the logs held when it was asked for.
 */
export class CatalogIndex {
  readonly #options: CatalogOptions;
  readonly #place: CatalogPlace;
  #opened: Opened | undefined;
  /** Logs that this process writes to. */
  readonly #written = new Set<SessionId>();
  /** Those of them that are about to be. */
  readonly #starting = new Set<SessionId>();
  /** Logs that have changed, or may have. */
  readonly #stale = new Set<SessionId>();
  #pass: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #compared: Promise<void> = Promise.resolve();
  #following: Promise<void> | undefined;
  #closed = false;

  constructor(options: CatalogOptions) {
    this.#options = options;
    const { source, path, othersWrite, onFault } = options;
    this.#place = new CatalogPlace({
      source,
      path,
      // Whoever writes marks the log first, unless the catalog is newer than that.
      isActive: ({ id, active, ended }) =>
        this.#written.has(id) || ((active === 1 || ended === 0) && othersWrite()),
      isStopped: () => this.#closed,
      onFault,
    });
  }

  /** Before the first line of a log. */
  began(id: SessionId): void {
    this.#written.add(id);
    this.#timer ??= setInterval(() => {
      this.#following ??= this.#follow().finally(() => (this.#following = undefined));
    }, FOLLOW_MS).unref();
    try {
      // Without the mark a crash is noticed all the same, only later: when all logs are compared.
      this.#open()?.table.begin(id);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Before the first new line of a log that `start` goes on with. */
  async continues<Result>(id: SessionId, start: () => Promise<Result>): Promise<Result> {
    this.began(id);
    this.#starting.add(id);
    try {
      return await start();
    } finally {
      this.#starting.delete(id);
    }
  }

  /** Something was appended to logs that this process does not write to now. */
  grew(ids: readonly SessionId[]): void {
    for (const id of ids) this.#stale.add(id);
  }

  /** What `query` says of the logs as they are now. With `names` also of logs that were put in or taken out by hand. */
  async ask<Result>(query: (database: DatabaseSync) => Result, { names = false } = {}): Promise<Result> {
    await this.#level(names);
    return await this.askAgain(query);
  }

  /** More of what was asked for before. */
  async askAgain<Result>(query: (database: DatabaseSync) => Result): Promise<Result> {
    try {
      return query(await this.#database());
    } catch (error) {
      if (!isDamage(error) || !this.#fail(error)) throw error;
      return query(await this.#database());
    }
  }

  /** One log, as it is now. */
  async row(id: SessionId): Promise<SessionRow | undefined> {
    const find = () => this.ask(() => this.#opened?.table.find(id));
    const row = await find();
    if (row?.active === 1) return row;
    const found = this.#options.source.find(id);
    if (row?.changed === found?.changed && row?.archived === (found && Number(found.archived))) return row;
    this.#stale.add(id);
    return await find();
  }

  /** Reads a log anew: something in it was changed, or taken out of it. */
  async reread(id: SessionId): Promise<void> {
    await this.ask(() => {
      const row = this.#opened?.table.find(id);
      if (row) this.#opened?.table.clear(row);
    });
    this.#stale.add(id);
    await this.#level(false);
    await this.#opened?.reader.purge();
    // What was taken out must not stand in the journal either.
    await this.ask((database) => database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
  }

  /** Resolves when every log has been compared with the catalog once since the start. */
  async compared(): Promise<void> {
    await this.#level(false);
    await this.#compared;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    clearInterval(this.#timer);
    // One that is just being built is not waited for: the next server begins it anew.
    if (this.#hasCatalog()) await this.#level(false);
    this.#closed = true;
    await this.#pass;
    await this.#following;
    await this.#compared;
    await this.#opened?.checkpoint.settled();
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  #open(): Opened | undefined {
    if (this.#opened) return this.#opened;
    const catalog = this.#place.open();
    if (catalog === undefined) return undefined;
    const opened = this.#use(catalog);
    opened.recovered = this.#recover(opened).catch((error: unknown) => {
      this.#fail(error);
    });
    return opened;
  }

  #hasCatalog(): boolean {
    try {
      return this.#opened !== undefined || (this.#written.size > 0 && this.#open() !== undefined);
    } catch (error) {
      return this.#fail(error);
    }
  }

  #use(catalog: OpenCatalog): Opened {
    for (const id of this.#written) catalog.table.begin(id);
    this.#opened = { ...catalog, recovered: Promise.resolve() };
    return this.#opened;
  }

  /** True: the catalog was damaged and is no more, so that the next question begins a new one. */
  #fail(error: unknown): boolean {
    this.#options.onFault(error);
    if (!isDamage(error) || this.#opened === undefined) return false;
    this.#opened.database.close();
    this.#opened = undefined;
    if (this.#options.path !== IN_MEMORY) removeDatabase(this.#options.path);
    return true;
  }

  async #follow(): Promise<void> {
    try {
      if (this.#written.size > 0 || this.#stale.size > 0) await this.#level(false);
      await this.#opened?.reader.tidy();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** One pass after the other: who asks while one runs waits for the next. */
  #level(names: boolean): Promise<void> {
    this.#pass = this.#passAfter(this.#pass, names);
    return this.#pass;
  }

  async #passAfter(last: Promise<void>, names: boolean): Promise<void> {
    await last;
    if (this.#closed) return;
    try {
      await this.#catchUp(names);
    } catch (error) {
      // A new catalog has all to catch up with.
      if (this.#fail(error)) await this.#catchUp(names).catch((again: unknown) => this.#fail(again));
    }
  }

  async #catchUp(names: boolean): Promise<void> {
    const opened = this.#open() ?? this.#use(await this.#place.build());
    await opened.recovered;
    if (names) this.grew(await compareNames(opened.table, this.#options.source));
    this.#markGrown(opened);
    await opened.reader.readAll(this.#stale);
  }

  /** After damage that of a new catalog. */
  async #database(): Promise<DatabaseSync> {
    if (this.#opened === undefined) await this.#level(false);
    if (this.#opened === undefined) throw new Error("the catalog is closed");
    return this.#opened.database;
  }

  async #recover({ table, reader }: Opened): Promise<void> {
    this.grew(table.activeIds());
    await reader.readAll(this.#stale);
    this.#compared = this.#compareAll(table).catch((error: unknown) => {
      this.#fail(error);
    });
  }

  #markGrown({ table }: Opened): void {
    const ended = new Set([...this.#written].filter((id) => !this.#starting.has(id)));
    for (const { session_id: id, event_count } of this.#options.live()) {
      ended.delete(id);
      if (table.eventCount(id) !== event_count) this.#stale.add(id);
    }
    for (const id of ended) {
      this.#written.delete(id);
      this.#stale.add(id);
    }
    if (!this.#options.othersWrite()) return;
    for (const id of table.activeIds()) if (!this.#written.has(id)) this.#stale.add(id);
  }

  /** Slowly, beside all else: finds logs that were changed while no server ran. */
  async #compareAll(table: CatalogTable): Promise<void> {
    for await (const ids of changedLogs(table, this.#options.source)) {
      if (this.#closed || this.#opened?.table !== table) return;
      this.grew(ids);
    }
    await this.#level(true);
  }
}
