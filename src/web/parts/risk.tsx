import { Badge, type Tone } from "./badge.tsx";

const TONES = new Map<string, Tone>([
  ["low", "muted"],
  ["medium", "warn"],
  ["high", "bad"],
]);

/** How much a call could do; nothing for a word that says nothing of that. */
export function RiskBadge({ risk }: { risk: string }) {
  const tone = TONES.get(risk);
  return tone && <Badge tone={tone}>{risk} risk</Badge>;
}
