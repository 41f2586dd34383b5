import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildDatabase } from "./build.ts";
import { catalogPath, createDatabase, openDatabase } from "./database.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentloop-build-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const leftOver = (digit: string) => `catalog.sqlite-${digit.repeat(8)}-0000-4000-8000-000000000000`;

async function fill(database: DatabaseSync): Promise<void> {
  database.exec("INSERT INTO session (id) VALUES ('a')");
}

function idsIn(path: string): unknown[] {
  const database = openDatabase(path);
  try {
    return (
      database
        ?.prepare("SELECT id FROM session")
        .all()
        .map(({ id }) => id) ?? []
    );
  } finally {
    database?.close();
  }
}

describe("building a catalog", () => {
  it("puts a whole one in its place, and leaves nothing else", async () => {
    const path = catalogPath(folder);
    await buildDatabase(path, async (database) => {
      expect(existsSync(path)).toBe(false);
      await fill(database);
    });
    expect(idsIn(path)).toEqual(["a"]);
    expect(readdirSync(folder)).toEqual(["catalog.sqlite"]);
  });

  it("leaves none behind that was not read to the end", async () => {
    const broken = async (database: DatabaseSync) => {
      await fill(database);
      throw new Error("no more");
    };
    await expect(buildDatabase(catalogPath(folder), broken)).rejects.toThrow("no more");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("lets a catalog be that another process has put there meanwhile", async () => {
    const path = catalogPath(folder);
    await buildDatabase(path, async () => {
      await buildDatabase(path, fill);
    });
    expect(idsIn(path)).toEqual(["a"]);
    expect(readdirSync(folder)).toEqual(["catalog.sqlite"]);
  });

  it("removes what a crash has left of one, and nothing that somebody is at", async () => {
    writeFileSync(join(folder, leftOver("1")), "half a database");
    createDatabase(join(folder, leftOver("2"))).close();
    const other = createDatabase(join(folder, leftOver("3")));
    writeFileSync(join(folder, "catalog.sqlite-notes"), "a person's");
    await buildDatabase(catalogPath(folder), fill);
    other.close();
    expect(readdirSync(folder).sort()).toEqual(["catalog.sqlite", leftOver("3"), "catalog.sqlite-notes"]);
  });
});
