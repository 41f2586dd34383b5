import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SessionListing } from "../contract/log.ts";

/** What a listing must say of each ended session of a folder, worked out anew from the files and in the plainest way. */
export function fullScan(folder: string): SessionListing[] {
  const archive = join(folder, "archive");
  return [
    ...logsIn(folder).map((name) => scan(folder, name, "ended")),
    ...(existsSync(archive) ? logsIn(archive).map((name) => scan(archive, name, "archived")) : []),
  ].map((listing) => ({ ...listing, legal_hold: existsSync(join(folder, `${listing.session_id}.hold`)) }));
}

const logsIn = (folder: string) => readdirSync(folder).filter((name) => /^[0-9a-f]{32}\.jsonl$/.test(name));

interface Line {
  timestamp: string;
  message_data: { id?: string; type?: string; payload?: Record<string, unknown> };
}

function scan(folder: string, name: string, state: "ended" | "archived"): SessionListing {
  const path = join(folder, name);
  const texts = readFileSync(path, "utf8").split("\n").slice(0, -1);
  const lines = texts.flatMap(parse);
  const messages = lines.map(({ message_data }) => message_data);
  const of = (type: string) => messages.filter((message) => message.type === type);
  const usages = of("status").flatMap(({ payload }) => {
    const usage = payload?.["usage"];
    return usage === undefined ? [] : [usage as Record<string, number | null>];
  });
  const sum = (field: string) => usages.reduce((total, usage) => total + (usage[field] ?? 0), 0);
  const models = messages.filter(
    ({ type, payload }) => type === "session_info" || payload?.["kind"] === "model_changed",
  );
  const changed = new Date(Math.trunc(statSync(path).mtimeMs)).toISOString();
  return {
    session_id: name.slice(0, 32),
    start_time: lines[0]?.timestamp ?? changed,
    last_activity: lines.at(-1)?.timestamp ?? changed,
    event_count: texts.length,
    state,
    legal_hold: false,
    title: (of("user_input")[0]?.payload?.["input"] as string | undefined) ?? null,
    model: (models.at(-1)?.payload?.["model"] as string | undefined) ?? null,
    provider: (models.at(-1)?.payload?.["provider"] as string | undefined) ?? null,
    turns: of("loading_state").filter(({ payload }) => payload?.["loading"] === true).length,
    approvals: new Set(of("approval_request").map(({ id }) => id)).size,
    tokens: {
      input_tokens: sum("input_tokens"),
      cached_input_tokens: sum("cached_input_tokens"),
      cache_write_input_tokens: sum("cache_write_input_tokens"),
      output_tokens: sum("output_tokens"),
      reasoning_output_tokens: sum("reasoning_output_tokens"),
    },
    cost: usages.some(({ cost_usd }) => cost_usd === null) ? null : sum("cost_usd"),
  };
}

function parse(text: string): Line[] {
  try {
    return [JSON.parse(text) as Line];
  } catch {
    return [];
  }
}
