import { type KeyboardEvent, type ReactNode, type RefObject, useLayoutEffect } from "react";
import { SendIcon, StopIcon } from "../parts/icons.tsx";

interface Props {
  field: RefObject<HTMLTextAreaElement | null>;
  text: string;
  isRunning: boolean;
  onText: (text: string) => void;
  onSend: () => void;
  onStop: () => void;
  /** The model, the context: what stands below the text. */
  children: ReactNode;
}

/** Where messages are written. Enter sends; while a turn runs, what is sent joins it. */
export function Composer({ field, text, isRunning, onText, onSend, onStop, children }: Props) {
  const isEmpty = text.trim() === "";
  useLayoutEffect(() => {
    const area = field.current;
    if (area === null) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [field, text]);

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    // While characters are being composed, Enter belongs to them.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") event.currentTarget.blur();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    if (!event.repeat) onSend();
  };

  return (
    <form
      className={`composer ${isEmpty ? "composer-empty" : ""}`}
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        aria-label="Message"
        placeholder={isRunning ? "Add something for the agent to take in…" : "Message the agent"}
        value={text}
        enterKeyHint="send"
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="composer-row">
        {children}
        <span className="composer-buttons">
          {isRunning && (
            <button
              type="button"
              className="round stop"
              aria-label="Stop"
              title="Stop the turn"
              onClick={onStop}
            >
              <StopIcon />
            </button>
          )}
          <button
            type="submit"
            className="round send"
            aria-label="Send"
            title="Send (Enter)"
            disabled={isEmpty}
          >
            <SendIcon />
          </button>
        </span>
      </div>
    </form>
  );
}
