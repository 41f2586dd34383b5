import type { ContextInfo } from "../../contract/message.ts";

/** How full the model's window is, as the engine says. */
export class Window {
  tokens = 0;
  max: number;

  constructor(max: number) {
    this.max = max;
  }

  info(transcriptLength: number): ContextInfo {
    return {
      tokenCount: this.tokens,
      usagePercent: this.max === 0 ? 0 : Math.round((this.tokens / this.max) * 100),
      transcriptLength,
      maxTokens: this.max,
      strategy: "codex",
    };
  }
}
