import { SESSION_SORTS, type SessionListing, type SessionQuery } from "../contract/log.ts";
import { type Command, type CommandContext, text, UsageError, wholeNumber } from "./command.ts";
import { json, table } from "./print.ts";

const STATES = ["active", "ended", "archived"] as const;

export const sessions: Command = {
  usage: "[--state S] [--model M] [--since TIME] [--until TIME] [--q WORDS] [--sort S] [--limit N] [--json]",
  help: "lists the sessions, the newest first",
  words: [0, 0],
  options: {
    state: { type: "string" },
    model: { type: "string" },
    since: { type: "string" },
    until: { type: "string" },
    q: { type: "string" },
    sort: { type: "string" },
    limit: { type: "string" },
    json: { type: "boolean" },
  },
  async run(context) {
    const { store, terminal, options } = context;
    const query = queryOf(context);
    const limit =
      options["limit"] === undefined ? Infinity : wholeNumber("--limit", text(context, "limit"), [1, 1e9]);
    const found: SessionListing[] = [];
    for await (const listing of store.records.list(query)) {
      if (found.length === limit) break;
      found.push(listing);
    }
    if (options["json"] === true) for (const listing of found) await terminal.out(json(listing));
    else await terminal.out(table(HEADINGS, found.map(rowOf), terminal.columns));
    return 0;
  },
};

function queryOf(context: CommandContext): SessionQuery {
  return {
    state: oneOf("--state", STATES, text(context, "state")),
    sort: oneOf("--sort", SESSION_SORTS, text(context, "sort")) ?? "newest",
    model: text(context, "model"),
    since: time("--since", text(context, "since")),
    until: time("--until", text(context, "until")),
    q: text(context, "q"),
  };
}

function oneOf<Word extends string>(name: string, words: readonly Word[], given?: string): Word | undefined {
  const word = words.find((known) => known === given);
  if (given === undefined || word !== undefined) return word;
  throw new UsageError(`${name}: expected one of ${words.join(", ")}, got ${JSON.stringify(given)}`);
}

function time(name: string, given?: string): string | undefined {
  if (given === undefined) return undefined;
  const date = /^\d{4}-\d\d-\d\d/.test(given) ? new Date(given) : new Date(NaN);
  if (!Number.isNaN(date.getTime())) return date.toISOString();
  throw new UsageError(`${name}: expected a date or time such as 2026-01-31, got ${JSON.stringify(given)}`);
}

const HEADINGS = ["SESSION", "STARTED", "STATE", "LINES", "TURNS", "COST", "MODEL", "TITLE"];

const rowOf = (listing: SessionListing): string[] => [
  listing.session_id,
  listing.start_time.slice(0, 19),
  listing.legal_hold ? `${listing.state}, held` : listing.state,
  String(listing.event_count),
  String(listing.turns),
  costOf(listing.cost),
  listing.model ?? "-",
  listing.title ?? "-",
];

export const costOf = (cost: number | null): string => (cost === null ? "?" : `$${cost.toFixed(4)}`);
