import type { NeededLine } from "./use-reader.ts";

/** In place of a line that is not there yet, or cannot be read. */
export const LineWait = ({ needed: { error, again } }: { needed: NeededLine }) =>
  error === undefined ? (
    <p className="review-wait">Reading…</p>
  ) : (
    <p className="review-wait" role="alert">
      {error.message}{" "}
      <button type="button" className="quiet" onClick={again}>
        Try again
      </button>
    </p>
  );
