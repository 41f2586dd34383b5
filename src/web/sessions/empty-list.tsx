import { Link } from "wouter";
import { countFilters, type Filters, NO_FILTERS } from "./filters.ts";

/** What to do where there is nothing to see. */
export function EmptyList({
  filters,
  onChange,
}: {
  filters: Filters;
  onChange: (changed: Partial<Filters>) => void;
}) {
  const isNarrowed = countFilters(filters) > 0 || filters.q !== "";
  if (isNarrowed) {
    return (
      <div className="empty">
        <h2>No session fits</h2>
        <p>
          {filters.q === ""
            ? "No session passes these filters."
            : "No message of one session has all of these words. Quotes look for words in a row."}
        </p>
        <button type="button" className="button button-main" onClick={() => onChange(NO_FILTERS)}>
          Show all sessions
        </button>
      </div>
    );
  }
  return (
    <div className="empty">
      <h2>No sessions yet</h2>
      <p>Each conversation with the agent is kept here, with everything that was asked, approved and done.</p>
      <Link href="/" className="button button-main">
        Start a session
      </Link>
    </div>
  );
}
