import { useEffect, useState } from "react";

/** A click that was meant for what stood there before must not decide anything. */
const PAUSE_MS = 400;

/** False for a moment after a request has appeared. */
export function useArmed(requestId: string): boolean {
  const [armed, setArmed] = useState<string>();
  useEffect(() => {
    const timer = setTimeout(() => setArmed(requestId), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [requestId]);
  return armed === requestId;
}
