import { useEffect, useId, useRef, useState } from "react";
import { SearchIcon } from "../parts/icons.tsx";
import { isTyping } from "../parts/typing.ts";
import { countFilters, type Filters, NO_FILTERS } from "./filters.ts";
import { SESSION_SORTS, type SessionSort, sortName } from "./session-sorts.ts";

interface FilterBarProps {
  filters: Filters;
  total: number | undefined;
  onChange: (changed: Partial<Filters>) => void;
}

/** How long somebody may think about the next letter. */
const TYPING_MS = 250;

export function FilterBar({ filters, total, onChange }: FilterBarProps) {
  const [isOpen, setOpen] = useState(false);
  const count = countFilters(filters);
  const moreId = useId();
  return (
    <search className="filters">
      <div className="filters-first">
        <SearchField words={filters.q} onChange={(q) => onChange({ q })} />
        <button
          type="button"
          className="filters-toggle"
          aria-expanded={isOpen}
          aria-controls={moreId}
          onClick={() => setOpen(!isOpen)}
        >
          Filters{count > 0 && <span className="filters-count">{count}</span>}
        </button>
      </div>
      <div id={moreId} className="filters-more" data-open={isOpen}>
        <Narrowing filters={filters} onChange={onChange} />
        {count > 0 && (
          <button
            type="button"
            className="quiet"
            onClick={() => onChange({ ...NO_FILTERS, q: filters.q, sort: filters.sort })}
          >
            Clear filters
          </button>
        )}
      </div>
      <div className="filters-last">
        {filters.q.trim() !== "" && (
          <FindChoice find={filters.find} onChange={(find) => onChange({ find })} />
        )}
        <p className="filters-total" role="status">
          {total !== undefined && `${total.toLocaleString()} ${total === 1 ? "session" : "sessions"}`}
        </p>
      </div>
    </search>
  );
}

/** Tells of the words when nobody has typed for a moment; `/` leads here. */
function SearchField({ words, onChange }: { words: string; onChange: (words: string) => void }) {
  const [typed, setTyped] = useState(words);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => setTyped(words), [words]);
  useEffect(() => {
    if (typed === words) return undefined;
    const timer = setTimeout(() => onChange(typed), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, words, onChange]);
  useEffect(() => {
    const goThere = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener("keydown", goThere);
    return () => document.removeEventListener("keydown", goThere);
  }, []);
  return (
    <label className="filters-search">
      <span className="unseen">Search in all messages</span>
      <SearchIcon />
      <input
        ref={field}
        type="search"
        value={typed}
        placeholder="Search in all messages"
        spellCheck={false}
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={({ key }) => {
          if (key === "Enter") onChange(typed);
        }}
      />
    </label>
  );
}

function Narrowing({ filters, onChange }: Omit<FilterBarProps, "total">) {
  return (
    <>
      <label>
        <span>State</span>
        <select
          value={filters.state}
          onChange={({ target }) => onChange({ state: target.value as Filters["state"] })}
        >
          <option value="">All but archived</option>
          <option value="active">Active</option>
          <option value="ended">Ended</option>
          <option value="archived">Archived</option>
        </select>
      </label>
      <label>
        <span>Model</span>
        <ModelField model={filters.model} onChange={(model) => onChange({ model })} />
      </label>
      <label>
        <span>From</span>
        <input
          type="date"
          value={filters.since}
          max={filters.until}
          onChange={({ target }) => onChange({ since: target.value })}
        />
      </label>
      <label>
        <span>To</span>
        <input
          type="date"
          value={filters.until}
          min={filters.since}
          onChange={({ target }) => onChange({ until: target.value })}
        />
      </label>
      <label>
        <span>Order</span>
        <select
          value={filters.sort}
          onChange={({ target }) => onChange({ sort: target.value as SessionSort })}
        >
          {SESSION_SORTS.map((sort) => (
            <option key={sort} value={sort}>
              {sortName(sort)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

/** The whole name of a model; it is asked for when it is whole. */
function ModelField({ model, onChange }: { model: string; onChange: (model: string) => void }) {
  const [typed, setTyped] = useState(model);
  useEffect(() => setTyped(model), [model]);
  return (
    <input
      type="text"
      value={typed}
      placeholder="Any"
      spellCheck={false}
      autoCapitalize="none"
      onChange={({ target }) => setTyped(target.value)}
      onBlur={() => onChange(typed.trim())}
      onKeyDown={({ key }) => {
        if (key === "Enter") onChange(typed.trim());
      }}
    />
  );
}

function FindChoice({
  find,
  onChange,
}: {
  find: Filters["find"];
  onChange: (find: Filters["find"]) => void;
}) {
  return (
    <div className="choice" role="group" aria-label="Show">
      <button type="button" aria-pressed={find === "sessions"} onClick={() => onChange("sessions")}>
        Sessions
      </button>
      <button type="button" aria-pressed={find === "messages"} onClick={() => onChange("messages")}>
        Messages
      </button>
    </div>
  );
}
