import type { DatabaseSync } from "node:sqlite";
import { buildDatabase } from "./build.ts";
import { CatalogCheckpoint } from "./checkpoint.ts";
import { compareNames } from "./compare.ts";
import { createDatabase, IN_MEMORY, openDatabase } from "./database.ts";
import { CatalogReader } from "./reader.ts";
import type { LogSource } from "./source.ts";
import { CatalogTable, type SessionRow } from "./table.ts";

export interface OpenCatalog {
  database: DatabaseSync;
  table: CatalogTable;
  reader: CatalogReader;
  checkpoint: CatalogCheckpoint;
}

interface CatalogPlaceParts {
  source: LogSource;
  /** The catalog's file, or IN_MEMORY. */
  path: string;
  /** Whether somebody writes to the log of a row. */
  isActive: (row: SessionRow) => boolean;
  /** Nobody waits for what is being read any more. */
  isStopped: () => boolean;
  onFault: (error: unknown) => void;
}

/** Where the catalog is. */
export class CatalogPlace {
  readonly #parts: CatalogPlaceParts;

  constructor(parts: CatalogPlaceParts) {
    this.#parts = parts;
  }

  /** Undefined where there is none that can be used. Throws where that cannot be told. */
  open(): OpenCatalog | undefined {
    const { path } = this.#parts;
    const database = path === IN_MEMORY ? undefined : openDatabase(path);
    return database && this.#use(database);
  }

  /** A new one that holds all that the logs held; in memory where there can be no file. */
  async build(): Promise<OpenCatalog> {
    const { path, onFault } = this.#parts;
    if (path === IN_MEMORY) return await this.#buildInMemory();
    try {
      await buildDatabase(path, (database) => this.#fill(database));
      const built = this.open();
      if (built !== undefined) return built;
      throw new Error(`the catalog ${path} was taken away as soon as it was there`);
    } catch (error) {
      // A full or read-only disk: then this process keeps its own.
      onFault(error);
      return await this.#buildInMemory();
    }
  }

  async #buildInMemory(): Promise<OpenCatalog> {
    const database = createDatabase(IN_MEMORY);
    await this.#fill(database);
    return this.#use(database);
  }

  #use(database: DatabaseSync): OpenCatalog {
    const { path, onFault } = this.#parts;
    const checkpoint = new CatalogCheckpoint(path, onFault);
    const table = new CatalogTable(database);
    return { database, table, checkpoint, reader: this.#readerOf(table, checkpoint) };
  }

  #readerOf(table: CatalogTable, checkpoint?: CatalogCheckpoint): CatalogReader {
    const { source, isActive, isStopped, onFault } = this.#parts;
    return new CatalogReader({ source, table, isActive, isStopped, onFault, checkpoint });
  }

  async #fill(database: DatabaseSync): Promise<void> {
    const table = new CatalogTable(database);
    const ids = new Set(await compareNames(table, this.#parts.source));
    await table.fill(() => this.#readerOf(table).readAll(ids));
    if (ids.size > 0) throw new Error("the catalog was closed before every log was read");
  }
}
