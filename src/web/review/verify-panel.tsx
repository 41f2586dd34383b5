import type { UseQueryResult } from "@tanstack/react-query";
import type { LogProblem, VerifyReport } from "../../contract/log.ts";
import { useState } from "react";
import { Link } from "wouter";
import { CrossIcon } from "../parts/icons.tsx";
import { addressOf } from "./address.ts";

/** What the server found when it computed the log's chain anew, in words. */
export function VerifyPanel({ id, verify }: { id: string; verify: UseQueryResult<VerifyReport> }) {
  const { data, error, dataUpdatedAt } = verify;
  const [hidden, setHidden] = useState(0);
  if (error !== null) {
    return (
      <p className="verify verify-bad" role="alert">
        The log could not be verified: {error.message}
      </p>
    );
  }
  if (data === undefined || hidden === dataUpdatedAt) return null;
  return (
    <section className={`verify ${data.ok ? "verify-good" : "verify-bad"}`} role="status">
      <h2>{data.ok ? "This is what was written." : "This is not what was written."}</h2>
      <p>{reportWords(data)}</p>
      <button
        type="button"
        className="copy"
        aria-label="Hide the report"
        onClick={() => setHidden(dataUpdatedAt)}
      >
        <CrossIcon />
      </button>
      {data.problems.length > 0 && (
        <ul>
          {data.problems.slice(0, MAX_SHOWN).map((problem, index) => (
            <li key={index}>
              <strong>{PROBLEMS[problem.kind]}</strong> {problem.detail}{" "}
              {problem.seq !== undefined && (
                <Link href={addressOf(id, "events", problem.seq)}>Line {problem.seq}</Link>
              )}
            </li>
          ))}
          {data.problems.length > MAX_SHOWN && <li>and {data.problems.length - MAX_SHOWN} more</li>}
        </ul>
      )}
      {data.erased.length > 0 && (
        <ul>
          {data.erased.slice(0, MAX_SHOWN).map(({ seq, reason }) => (
            <li key={seq}>
              Line {seq} was erased: {reason}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const MAX_SHOWN = 20;

const PROBLEMS: Record<LogProblem["kind"], string> = {
  edited: "Edited.",
  missing: "Missing.",
  added: "Added.",
  swapped: "Swapped.",
  tail_cut: "The end is gone.",
  torn: "Torn.",
  rehashed: "Computed anew.",
  unsigned: "Not signed.",
  wrong_key: "Signed with another key.",
  file_gone: "The file is gone.",
  unrecorded: "Not in the server's log.",
};

function reportWords({ ok, lines, signed_lines: signed, state, erased }: VerifyReport): string {
  const all = `The hash of each of the ${lines.toLocaleString()} lines was computed anew${ok ? " and fits the one before it" : ""}.`;
  const signature =
    signed === lines
      ? "All of them are signed by the server."
      : `${signed.toLocaleString()} of them are signed by the server${state === "active" ? "; the newest wait for their signature" : ""}.`;
  const taken = erased.length > 0 ? ` The content of ${erased.length} was erased on purpose.` : "";
  return `${all} ${signature}${taken}`;
}
