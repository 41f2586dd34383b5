import { useState } from "react";
import { CheckIcon, CopyIcon } from "./icons.tsx";

/** Takes a text to the clipboard, and says so for a moment. Not there where the browser lends none. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [isDone, setDone] = useState(false);
  // On other machines than this, only TLS is safe enough.
  if (!window.isSecureContext) return null;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" className="copy" title={label} aria-label={label} onClick={() => void copy()}>
      {isDone ? <CheckIcon /> : <CopyIcon />}
      <span className="unseen" role="status">
        {isDone ? "Copied" : ""}
      </span>
    </button>
  );
}
