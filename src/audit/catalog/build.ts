import { randomUUID } from "node:crypto";
import { linkSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { createDatabase, isBeingFilled, removeDatabase } from "./database.ts";
import { namesIn } from "./names.ts";

/**
 * Makes a new catalog beside its place, and puts it there when it is whole: so it needs no journal meanwhile, and the
 * disk is waited for once. A catalog that another process has put there first stays. Throws where there can be none.
 */
export async function buildDatabase(
  path: string,
  fill: (database: DatabaseSync) => Promise<void>,
): Promise<void> {
  removeDatabase(path);
  await removeLeftOver(path);
  const aside = `${path}-${randomUUID()}`;
  try {
    const database = createDatabase(aside);
    try {
      await fill(database);
    } finally {
      database.close();
    }
    await sync(aside);
    putInPlace(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** What crashes have left of building one. */
async function removeLeftOver(path: string): Promise<void> {
  const ours = new RegExp(`^${basename(path).replace(".", "[.]")}-[0-9a-f-]{36}$`);
  for await (const names of namesIn(dirname(path))) {
    for (const name of names.filter((each) => ours.test(each))) {
      const leftOver = join(dirname(path), name);
      if (!isBeingFilled(leftOver)) rmSync(leftOver, { force: true });
    }
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

function putInPlace(aside: string, path: string): void {
  try {
    linkSync(aside, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
