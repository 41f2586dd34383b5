import { writeSync } from "node:fs";
import { FaultyDisk } from "./faulty-disk.ts";
import { runLog } from "./log-run.ts";

/** Writes a log in `folder` until it is killed at a step; what it kept is on standard output, a line of JSON each. */
const [folder = "", attic = "", at = "0"] = process.argv.slice(2);
const disk = new FaultyDisk({ at: Number(at), fault: "kill", random: Math.random, attic });
await runLog(folder, disk, (kept) => writeSync(1, `${JSON.stringify(kept)}\n`));
