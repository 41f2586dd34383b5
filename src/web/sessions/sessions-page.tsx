import { useEffect, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { FilterBar } from "./filter-bar.tsx";
import { type Filters, readFilters, writeFilters } from "./filters.ts";
import { MessageHits } from "./message-hits.tsx";
import { SessionList } from "./session-list.tsx";

/** All sessions of the server, to search, narrow, order and open. */
export default function SessionsPage() {
  const search = useSearch();
  const [, navigate] = useLocation();
  const filters = readFilters(search);
  useEffect(() => {
    document.title = "Sessions · AgentLoop";
  }, []);
  const change = (changed: Partial<Filters>) =>
    navigate(`/sessions${writeFilters({ ...filters, ...changed })}`, { replace: true });
  const [total, setTotal] = useState<number>();
  const looksForMessages = filters.find === "messages" && filters.q.trim() !== "";
  return (
    <div className="sessions">
      <h1 className="unseen">Sessions</h1>
      <FilterBar filters={filters} total={looksForMessages ? undefined : total} onChange={change} />
      {looksForMessages ? (
        <MessageHits key={filters.q} words={filters.q} />
      ) : (
        <SessionList key={writeFilters(filters)} filters={filters} onTotal={setTotal} onChange={change} />
      )}
    </div>
  );
}
