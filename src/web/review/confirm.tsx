import { useEffect, useId, useRef, useState } from "react";

interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  act: () => Promise<void>;
  /** Whether it was done. */
  onClose: (isDone: boolean) => void;
}

/** Asks before something is done that others notice. What goes wrong is said in its place. */
export function Confirm({ title, text, action, act, onClose }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [state, setState] = useState<"asking" | "doing" | { error: string }>("asking");
  const titleId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const go = async () => {
    if (state === "doing") return;
    setState("doing");
    try {
      await act();
      onClose(true);
    } catch (error) {
      setState({ error: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <dialog ref={dialog} className="dialog confirm" aria-labelledby={titleId} onClose={() => onClose(false)}>
      <h2 id={titleId}>{title}</h2>
      <p>{text}</p>
      {typeof state === "object" && (
        <p className="confirm-error" role="alert">
          {state.error}
        </p>
      )}
      <div className="confirm-buttons">
        <button type="button" className="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" className="button button-main" onClick={() => void go()}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
