import { describe, expect, it } from "vitest";
import { countFilters, type Filters, listPath, NO_FILTERS, readFilters, writeFilters } from "./filters.ts";

const filters: Filters = {
  q: 'a "b c" & d=#é',
  state: "ended",
  model: "gpt/5 +x",
  since: "2026-01-02",
  until: "2026-01-03",
  sort: "cost",
  find: "messages",
};

describe("the filters in the address", () => {
  it("are the same when they come back", () => {
    expect(readFilters(writeFilters(filters))).toEqual(filters);
    expect(writeFilters(NO_FILTERS)).toBe("");
    expect(readFilters("")).toEqual(NO_FILTERS);
  });

  it("that cannot be read are left out", () => {
    expect(readFilters("?state=gone&sort=size&since=yesterday&find=x&q=y")).toEqual({
      ...NO_FILTERS,
      q: "y",
    });
  });

  it("are counted, the words and the order apart", () => {
    expect(countFilters(filters)).toBe(4);
    expect(countFilters({ ...NO_FILTERS, q: "x", sort: "cost" })).toBe(0);
  });
});

describe("what the server is asked for", () => {
  it("has both days within, from midnight to midnight where the reader is", () => {
    const query = new URL(listPath(filters, 50, "next"), "http://x").searchParams;
    expect(Object.fromEntries(query)).toEqual({
      limit: "50",
      sort: "cost",
      q: filters.q,
      state: "ended",
      model: filters.model,
      since: new Date(2026, 0, 2).toISOString(),
      until: new Date(2026, 0, 4).toISOString(),
      cursor: "next",
    });
  });

  it("has nothing that was not asked for", () => {
    expect(listPath({ ...NO_FILTERS, q: "  " }, 50)).toBe("/sessions?limit=50&sort=newest");
  });
});
