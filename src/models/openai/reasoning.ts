/** Whether a model of this name reasons; gpt-5-chat is the one of its generation that does not. */
export function reasons(name: string): boolean {
  return /^(ft:)?(gpt-([5-9]|\d{2})(?!.*-chat)|o\d|codex-)/.test(name);
}
