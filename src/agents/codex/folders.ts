import { existsSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

/** The folders of one process. */
export interface Folders {
  /** Of the engine: what it starts commands from, and nothing that anybody may not read. */
  state: string;
  /** Its databases, its logs and its own record of threads. */
  data: string;
  /** Holds the data of all processes: no command may read it. */
  hidden: string;
  /** Empty, so that the user's shell files stay out of commands. */
  home: string;
  /** The only place for temporary files. */
  temporary: string;
}

interface FoldersOf {
  /** Absolute, links resolved. */
  root: string;
  marker: string;
  /** State and data of its own, which go with the process; to make them takes longer than to start. */
  isAlone: boolean;
  /** The file of a login, which the engine reads, renews, and writes back to where it is. */
  login?: string | undefined;
}

const PRIVATE = { recursive: true, mode: 0o700 } as const;

/** Where the engine writes down threads; no setting moves these, but links do. */
const RECORDS = ["sessions", "archived_sessions"];

/** Makes what is not there yet. */
export function createFolders({ root, marker, isAlone, login }: FoldersOf): Folders {
  const name = isAlone ? marker : "shared";
  const hidden = join(root, "hidden");
  const folders = {
    state: join(root, "state", name),
    data: join(hidden, name),
    hidden,
    home: join(root, "home"),
    temporary: join(root, "tmp", marker),
  };
  for (const path of Object.values(folders)) mkdirSync(path, PRIVATE);
  for (const name of ["databases", "log", ...RECORDS]) mkdirSync(join(folders.data, name), PRIVATE);
  for (const name of RECORDS) link(join(folders.data, name), join(folders.state, name));
  if (login !== undefined) link(realpathSync(login), join(folders.state, "auth.json"));
  return folders;
}

/** Removes what was the process's alone. */
export async function removeFolders(
  folders: Folders,
  { isAlone }: Pick<FoldersOf, "isAlone">,
): Promise<void> {
  const { state, data, temporary } = folders;
  const paths = isAlone ? [temporary, state, data] : [temporary];
  for (const path of paths) await rm(path, { recursive: true, force: true });
}

function link(target: string, path: string): void {
  if (!existsSync(path)) symlinkSync(target, path);
}
