import { useEffect, useMemo, useSyncExternalStore } from "react";
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
