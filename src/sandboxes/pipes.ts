import { execFile } from "node:child_process";
import { constants, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Descriptors of the two ends. Whoever takes a pipe closes both. */
export interface Pipe {
  readEnd: number;
  writeEnd: number;
}

/** As many as one call of `mkfifo` makes: its cost is shared by eight commands. */
const BATCH = 16;

/**
 * Pipes for the output of commands. Node would give them sockets, which cannot be opened by name: `echo x >/dev/stderr`
 * would fail.
 */
export class PipeStock {
  readonly #pipes: Pipe[] = [];
  #making: Promise<void> | undefined;

  async take(): Promise<Pipe> {
    for (;;) {
      const pipe = this.#pipes.pop();
      if (pipe !== undefined) return pipe;
      this.#making ??= this.#make().finally(() => {
        this.#making = undefined;
      });
      await this.#making;
    }
  }

  async #make(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "agentloop-"));
    try {
      const paths = Array.from({ length: BATCH }, (_, index) => join(folder, `${index}`));
      // Opened by name inside a sandbox, perhaps as another user; nobody else finds them.
      await promisify(execFile)("mkfifo", ["-m", "666", ...paths]);
      for (const path of paths) this.#pipes.push(open(path));
    } finally {
      await rm(folder, { recursive: true });
    }
  }
}

/** The reader comes first and does not wait: a writer would, for a reader. */
function open(path: string): Pipe {
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { readEnd, writeEnd: openSync(path, constants.O_WRONLY) };
}
