/** What the provider is to answer with. It stands in the user's words, so that it reaches the provider through any server. */
export interface Plan {
  /** Pieces of text in the last answer of a turn. */
  deltas: number;
  /** A second; 0: as fast as they are taken. */
  rate: number;
  /** Calls of the shell, one an answer, before the last answer. */
  calls: number;
}

export const wordsOf = ({ deltas, rate = 0, calls = 0 }: Partial<Plan> & Pick<Plan, "deltas">): string =>
  `bench deltas=${deltas} rate=${rate} calls=${calls}.`;

const WORDS = /bench deltas=(\d+) rate=(\d+) calls=(\d+)\./;
const OUTPUT = /"function_call_output"/g;

/** The plan that the newest words of a request's body tell, less the calls that were answered since. */
export function readPlan(body: string): Plan {
  const newest = body.slice(Math.max(0, body.lastIndexOf("bench deltas=")));
  const [, deltas, rate, calls] = WORDS.exec(newest) ?? [];
  if (deltas === undefined) return { deltas: 1, rate: 0, calls: 0 };
  const answered = newest.match(OUTPUT)?.length ?? 0;
  return { deltas: Number(deltas), rate: Number(rate), calls: Math.max(0, Number(calls) - answered) };
}

/** Microseconds by the machine's clock, which all processes share. */
export const now = (): number => Number(process.hrtime.bigint() / 1000n);

/** What a paced piece of text says: when it was sent, and the first one also when the request came. */
export const stamp = (sent: number, received?: number): string =>
  received === undefined ? `@${sent}@` : `@${sent}#${received}@`;

const STAMP = /@(\d+)(?:#(\d+))?@/;

export function readStamp(frame: string): { sent: number; received?: number } | undefined {
  const [, sent, received] = STAMP.exec(frame) ?? [];
  if (sent === undefined) return undefined;
  return { sent: Number(sent), ...(received !== undefined && { received: Number(received) }) };
}
