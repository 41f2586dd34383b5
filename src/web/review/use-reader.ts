import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { LogLine } from "../../contract/log.ts";
import { type RecordError, toRecordError } from "../parts/record-api.ts";
import { LogReader } from "./log-reader.ts";

/** Reads a session's log as long as it is looked at; the page is drawn again when there is more of it. */
export function useReader(id: string): LogReader {
  const reader = useMemo(() => new LogReader(id), [id]);
  useEffect(() => {
    reader.start();
    return () => reader.stop();
  }, [reader]);
  useSyncExternalStore(reader.subscribe, () => reader.version);
  return reader;
}

export interface NeededLine {
  /** Undefined while it is read again. */
  line: LogLine | undefined;
  /** Why it could not be. */
  error: RecordError | undefined;
  again: () => void;
}

/** A line of the outline, which is read again where it is not kept. Without an index none is needed. */
export function useLine(reader: LogReader, index: number | undefined): NeededLine {
  const line = index === undefined ? undefined : reader.lineAt(index);
  const isMissing = line === undefined;
  const [error, setError] = useState<RecordError>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    setError(undefined);
    if (index === undefined || !isMissing) return undefined;
    let isWanted = true;
    reader.need(index).catch((failure: unknown) => {
      if (isWanted) setError(toRecordError(failure));
    });
    return () => {
      isWanted = false;
    };
  }, [reader, index, isMissing, attempt]);
  return { line, error, again: () => setAttempt(attempt + 1) };
}
