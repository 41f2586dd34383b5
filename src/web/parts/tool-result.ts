/** What a `function_call_output` says. */
export interface ToolResult {
  text: string;
  /** Null when a signal ended it; undefined where none is told. */
  exitCode: number | null | undefined;
  durationMs: number | undefined;
  /** The model was told less than the tool wrote. */
  isCut: boolean;
}

/** `{"output", "metadata": {"exit_code", "duration_seconds", "truncated"}}`; what is none is the output itself. */
export function readToolResult(json: string): ToolResult {
  const value = parse(json);
  if (!isObject(value) || typeof value.output !== "string")
    return { text: json, exitCode: undefined, durationMs: undefined, isCut: false };
  const metadata = isObject(value.metadata) ? value.metadata : {};
  const { exit_code: exitCode, duration_seconds: seconds, truncated } = metadata;
  return {
    text: value.output,
    exitCode: typeof exitCode === "number" || exitCode === null ? exitCode : undefined,
    durationMs: typeof seconds === "number" && Number.isFinite(seconds) ? seconds * 1000 : undefined,
    isCut: truncated === true,
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
