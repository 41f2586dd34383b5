import type { SessionLog } from "../contract/log.ts";

/** The log, with a word about every line that it took. */
export const countedLog = (log: SessionLog, line: (bytes: number) => void): SessionLog => ({
  get head() {
    return log.head;
  },
  append(direction, json, audit) {
    const seq = log.append(direction, json, audit);
    line(Buffer.byteLength(json));
    return seq;
  },
  barrier: () => log.barrier(),
  end: () => log.end(),
});
