import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { AgentError } from "../../contract/error.ts";
import type { LogLine, SearchHit, SearchPage, SessionId } from "../../contract/log.ts";
import { fromWordsKey, type SessionRow } from "./table.ts";
import { titleOf } from "./totals.ts";
import type { LogSource } from "./source.ts";
import { parseLine } from "../line.ts";
import { textOf } from "../search-text.ts";
import { statementOf } from "./statements.ts";
import { readTerms, snippetOf, toMatch } from "./search-words.ts";

/** A line that the index knows. */
interface Place {
  key: bigint;
  id: SessionId;
  title: string | null;
  position: number;
}

/** Finds lines; what is told of them is read from the logs. */
export class Search {
  readonly #terms: string[];
  readonly #limit: number;
  readonly #before: bigint;

  /** Throws AgentError `invalid_message` for words or a cursor that cannot be read. */
  constructor({ words, limit, cursor }: { words: string; limit: number; cursor?: string | undefined }) {
    this.#terms = readTerms(words);
    this.#limit = limit;
    this.#before = cursor === undefined ? LARGEST : readCursor(cursor);
  }

  /** One more than asked for, if there are more. */
  find(database: DatabaseSync): Place[] {
    // A key has more digits than a number holds.
    const lines = statementOf<{ key: string }>(
      database,
      `SELECT CAST(rowid AS TEXT) AS key FROM words WHERE words MATCH ? AND rowid < ?
      ORDER BY rowid DESC LIMIT ?`,
    );
    const session = statementOf<Pick<SessionRow, "id" | "name" | "preview">>(
      database,
      "SELECT id, name, preview FROM session WHERE no = ?",
    );
    return lines.all(toMatch(this.#terms), this.#before, this.#limit + 1).flatMap((line) => {
      const key = BigInt(line.key);
      const { no, position } = fromWordsKey(key);
      const row = session.get(no);
      return row === undefined ? [] : { key, id: row.id, title: titleOf(row), position };
    });
  }

  async read(places: readonly Place[], source: LogSource): Promise<SearchPage> {
    const shown = places.slice(0, this.#limit);
    const last = shown.at(-1);
    const hits = await Promise.all(shown.map((place) => this.#hit(place, source)));
    return {
      events: hits.filter((hit) => hit !== undefined),
      next_cursor: places.length > this.#limit && last ? last.key.toString(36) : null,
    };
  }

  async #hit({ id, title, position }: Place, source: LogSource): Promise<SearchHit | undefined> {
    const line = await lineAt(source, id, position);
    if (line === undefined) return undefined;
    const { seq, timestamp, direction, message_data: message } = line;
    const snippet = snippetOf(textOf(message), this.#terms);
    return { session_id: id, title, seq, timestamp, direction, type: typeOf(message), snippet };
  }
}

/** Undefined where the log has changed since it was indexed. */
async function lineAt(source: LogSource, id: SessionId, position: number): Promise<LogLine | undefined> {
  for await (const { text } of source.lines(id, position)) return parseLine(text);
  return undefined;
}

const Typed = z.object({ type: z.string() });

const typeOf = (message: unknown): string => Typed.safeParse(message).data?.type ?? "";

const LARGEST = 2n ** 63n - 1n;

function readCursor(text: string): bigint {
  // Thirteen digits of base 36 are all that a key can have.
  if (!/^[0-9a-z]{1,13}$/.test(text)) {
    throw new AgentError(
      "invalid_message",
      `cursor: expected the next_cursor of a search, got ${JSON.stringify(text.slice(0, 64))}`,
    );
  }
  let key = 0n;
  for (const digit of text) key = key * 36n + BigInt(parseInt(digit, 36));
  return key > LARGEST ? LARGEST : key;
}
