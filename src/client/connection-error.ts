interface ErrorFacts {
  code: string;
  message: string;
  /** Whether the same may succeed later. */
  retryable: boolean;
}

/** Why there is no connection. */
export class ConnectionError extends Error {
  /**
   * What the server called it (`unauthorized`, `unknown_session`, `session_ended`, ...), or `unreachable`, `refused`,
   * `not_agentloop`, `connection_lost`, `turn_lost`, `closed`.
   */
  readonly code: string;
  /** Whether the same may succeed later. */
  readonly retryable: boolean;

  constructor({ code, message, retryable }: ErrorFacts) {
    super(message);
    this.name = "ConnectionError";
    this.code = code;
    this.retryable = retryable;
  }
}
