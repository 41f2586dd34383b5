import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { SessionId, SessionSummary } from "../contract/log.ts";
import { CatalogCheckpoint } from "./catalog-checkpoint.ts";
import { IN_MEMORY, isDamage, openDatabase, removeDatabase } from "./catalog-database.ts";
import { inGroups, LogReading, MUCH_LENGTH, SLICE_LENGTH } from "./catalog-reading.ts";
import type { LogSource } from "./catalog-source.ts";
import { CatalogTable, type Outline, type SessionRow } from "./catalog-table.ts";

export interface CatalogOptions {
  source: LogSource;
  /** The catalog's file, or IN_MEMORY. */
  path: string;
  /** What this process writes to just now, as it stands. */
  live: () => Iterable<SessionSummary>;
  /** Whether another process writes here: then what is marked as active is so, and no relic of a crash. */
  othersWrite: () => boolean;
  /** A fault of the catalog. It harms nobody: all that it tells can be read from the logs again. */
  onFault: (error: unknown) => void;
}

/** How long what is new in the logs waits to come into the catalog. */
const FOLLOW_MS = 1000;
const READ_TOGETHER = 8;
/** How long merging what was read may hold up what is to be read next. */
const TIDY_MS = 50;
/** When there is very much to read, it is taken in larger pieces: then it is a start, and nobody is served yet. */
const MUCH = 1000;
const MUCH_TOGETHER = 64;
const OUTLINED_TOGETHER = 250;
/** How many logs are compared with the catalog before others get their turn. */
const COMPARED_TOGETHER = 50;

interface Opened {
  database: DatabaseSync;
  table: CatalogTable;
  checkpoint: CatalogCheckpoint;
  /** Resolves when what a crash left behind has been read; a new one reads every log first. */
  recovered: Promise<void>;
}

/**
 * Keeps the catalog level with the logs. It follows them: whoever writes a log only says that it begins. An answer comes after what the logs held when it was asked for.
 */
export class CatalogIndex {
  readonly #options: CatalogOptions;
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
  #closed = false;

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  /** Before the first line of a log. */
  began(id: SessionId): void {
    this.#written.add(id);
    this.#timer ??= setInterval(() => void this.#follow(), FOLLOW_MS).unref();
    try {
      // Without the mark a crash is noticed all the same, only later: when all logs are compared.
      this.#open().table.begin(id);
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
    try {
      return query(this.#open().database);
    } catch (error) {
      if (!isDamage(error) || !this.#fail(error)) throw error;
      await this.#level(names);
      return query(this.#open().database);
    }
  }

  /** One log, as it is now. */
  async row(id: SessionId): Promise<SessionRow | undefined> {
    const find = () => this.ask(() => this.#open().table.find(id));
    const row = await find();
    if (row?.active === 1) return row;
    const found = await this.#options.source.find(id);
    if (row?.changed === found?.changed && row?.archived === (found && Number(found.archived))) return row;
    this.#stale.add(id);
    return await find();
  }

  /** Reads a log anew: something in it was changed, or taken out of it. */
  async reread(id: SessionId): Promise<void> {
    await this.ask(() => {
      const { table } = this.#open();
      const row = table.find(id);
      if (row) table.clear(row);
    });
    this.#stale.add(id);
    await this.#level(false);
  }

  async hold(id: SessionId, held: boolean): Promise<void> {
    await this.ask(() => this.#open().table.hold(id, held));
  }

  /** Resolves when every log has been compared with the catalog once since the start. */
  async compared(): Promise<void> {
    await this.#level(false);
    await this.#compared;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    clearInterval(this.#timer);
    if (this.#opened) await this.#level(false);
    this.#closed = true;
    await this.#compared;
    await this.#opened?.checkpoint.settled();
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  #open(): Opened {
    if (this.#opened) return this.#opened;
    const { database, isNew } = this.#openDatabase();
    const opened: Opened = {
      database,
      table: new CatalogTable(database),
      checkpoint: new CatalogCheckpoint(this.#options.path, this.#options.onFault),
      recovered: Promise.resolve(),
    };
    this.#opened = opened;
    opened.recovered = this.#recover(opened.table, isNew).catch((error: unknown) => {
      this.#fail(error);
    });
    return opened;
  }

  #openDatabase(): ReturnType<typeof openDatabase> {
    try {
      return openDatabase(this.#options.path);
    } catch (error) {
      // A full or read-only disk: then this process keeps its own.
      this.#options.onFault(error);
      return openDatabase(IN_MEMORY);
    }
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
    if (this.#written.size > 0 || this.#stale.size > 0) await this.#level(false);
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
    await this.#open().recovered;
    if (names) await this.#compareNames();
    this.#markGrown();
    await this.#readStale();
  }

  async #recover(table: CatalogTable, isNew: boolean): Promise<void> {
    if (isNew) await this.#compareNames();
    else for (const id of table.activeIds()) this.#stale.add(id);
    await this.#readStale();
    if (!isNew)
      this.#compared = this.#compareAll().catch((error: unknown) => {
        this.#fail(error);
      });
  }

  #markGrown(): void {
    const { table } = this.#open();
    const ended = new Set([...this.#written].filter((id) => !this.#starting.has(id)));
    for (const { session_id: id, event_count } of this.#options.live()) {
      ended.delete(id);
      if (table.find(id)?.event_count !== event_count) this.#stale.add(id);
    }
    for (const id of ended) {
      this.#written.delete(id);
      this.#stale.add(id);
    }
    if (!this.#options.othersWrite()) return;
    for (const id of table.activeIds()) if (!this.#written.has(id)) this.#stale.add(id);
  }

  async #readStale(): Promise<void> {
    while (this.#stale.size > 0) {
      const together = this.#stale.size > MUCH ? MUCH_TOGETHER : READ_TOGETHER;
      const ids = first(this.#stale, together);
      for (const id of ids) this.#stale.delete(id);
      try {
        await this.#read(ids);
        await this.#tidy();
        await this.#open().checkpoint.whereDue();
      } catch (error) {
        for (const id of ids) this.#stale.add(id);
        throw error;
      }
    }
  }

  /** Some steps. What is left of it is done after the next reading. */
  async #tidy(): Promise<void> {
    const { table } = this.#open();
    const until = performance.now() + TIDY_MS;
    while (performance.now() < until && table.tidy()) await nextTurn();
  }

  async #read(ids: readonly SessionId[]): Promise<void> {
    const { source } = this.#options;
    const found = await Promise.all(ids.map((id) => source.find(id)));
    const { table } = this.#open();
    let open: LogReading[] = [];
    table.transaction(() => {
      for (const [index, id] of ids.entries()) {
        const log = found[index];
        if (log) open.push(new LogReading(source, log, table.prepare(id, log)));
        else table.remove(id);
      }
    });
    const all = open;
    try {
      while (open.length > 0) {
        const readings = await Promise.all(open.map((reading) => reading.next()));
        const groupLength = ids.length > READ_TOGETHER ? MUCH_LENGTH : SLICE_LENGTH;
        for (const group of inGroups(readings, groupLength)) {
          table.store(group);
          await nextTurn();
        }
        open = open.filter(({ done }) => !done);
      }
    } finally {
      await Promise.all(all.map((reading) => reading.close()));
    }
    this.#settle(table, all);
  }

  #settle(table: CatalogTable, readings: readonly LogReading[]): void {
    const othersWrite = this.#options.othersWrite();
    table.transaction(() => {
      for (const { row, found } of readings) {
        const active = this.#written.has(row.id) || (othersWrite && row.active === 1);
        if (!table.settle(row, found, active)) this.#stale.add(row.id);
      }
    });
  }

  async #compareNames(): Promise<void> {
    const { here, archived, held } = await this.#options.source.all();
    const { table } = this.#open();
    const known = new Set<SessionId>();
    for await (const row of this.#outlines()) {
      known.add(row.id);
      const isThere = (row.archived === 1 ? archived : here).has(row.id);
      if (!isThere) this.#stale.add(row.id);
      if (held.has(row.id) !== (row.held === 1)) table.hold(row.id, held.has(row.id));
    }
    // Oldest first: so they are numbered, and so they are found.
    const fresh = [...here, ...archived].filter((id) => !known.has(id)).sort();
    for (const id of fresh) this.#stale.add(id);
    await this.#readStale();
    for (const id of fresh) if (held.has(id)) table.hold(id, true);
  }

  async *#outlines(): AsyncGenerator<Outline> {
    const { table } = this.#open();
    let some = table.after("", OUTLINED_TOGETHER);
    while (some.length > 0) {
      yield* some;
      await nextTurn();
      some = table.after(some.at(-1)?.id ?? "", OUTLINED_TOGETHER);
    }
  }

  /** Slowly, beside all else: finds logs that were changed while no server ran. */
  async #compareAll(): Promise<void> {
    let last = "";
    while (!this.#closed && this.#opened) {
      const rows = this.#opened.table.after(last, COMPARED_TOGETHER);
      if (rows.length === 0) break;
      const found = await Promise.all(rows.map(({ id }) => this.#options.source.find(id)));
      for (const [index, { id, changed, active }] of rows.entries()) {
        if (active === 0 && found[index]?.changed !== changed) this.#stale.add(id);
      }
      last = rows.at(-1)?.id ?? last;
      await nextTurn();
    }
    await this.#level(true);
  }
}

function first<Item>(items: Iterable<Item>, count: number): Item[] {
  const taken: Item[] = [];
  for (const item of items) {
    if (taken.length === count) break;
    taken.push(item);
  }
  return taken;
}
