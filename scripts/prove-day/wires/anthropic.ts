import { type Answer, tokensOf, type WireEvent } from "../answer.ts";
import type { Issued } from "../issued.ts";
import type { Segment } from "../prompt-cache.ts";
import { AnthropicRequest, anthropicProblems } from "../rules/anthropic.ts";
import { type Head, named, pieces, unreadable, type Wire } from "./wire.ts";

/** The Messages API. */
export const anthropic: Wire = {
  provider: "anthropic",
  path: /^\/v1\/messages$/,
  read(body, _path, issued) {
    const parsed = AnthropicRequest.safeParse(body);
    if (!parsed.success) return unreadable(parsed.error);
    const { model, tools, system, thinking, messages } = parsed.data;
    const spoken = messages.flatMap(({ role, content }) => content.map((block) => segment(block, role)));
    return {
      model,
      problems: [...anthropicProblems(parsed.data, issued)],
      prompt: {
        key: model,
        // A change of how to think leaves tools and system in the cache, and nothing of the messages.
        segments: [
          ...tools.map((tool) => segment(tool, "tool")),
          ...system.map((block) => segment(block, "system")),
          { text: JSON.stringify(thinking ?? null) },
          ...spoken,
        ],
        isKept: true,
      },
      isAside: tools.length === 0,
    };
  },
  events(answer, head, issued) {
    const blocks = [...thinking(answer, head, issued), ...text(answer), ...toolUses(answer, head)];
    return [
      start(head),
      ...blocks.flatMap(grow),
      named({
        type: "message_delta",
        delta: { stop_reason: answer.calls.length > 0 ? "tool_use" : "end_turn", stop_sequence: null },
        usage: { output_tokens: head.outputTokens },
      }),
      named({ type: "message_stop" }),
    ];
  },
  refusal: (status, message) => ({
    type: "error",
    error: { type: TYPES[status] ?? "api_error", message },
    request_id: "req_day",
  }),
};

const TYPES: Record<number, string> = {
  400: "invalid_request_error",
  429: "rate_limit_error",
  529: "overloaded_error",
};

function segment(
  { cache_control: mark, ...block }: { cache_control?: { ttl?: string | undefined } | undefined },
  role: string,
): Segment {
  const said = `${role} ${JSON.stringify(block)}`;
  return mark ? { text: said, keep: mark.ttl === "1h" ? "hour" : "minutes" } : { text: said };
}

/** A block as it begins and ends, and what its deltas tell of it. */
interface Growing {
  empty: object;
  deltas: { data: object; output: number }[];
}

function thinking({ thought, calls }: Answer, head: Head, issued: Issued): Growing[] {
  if (thought === "") return [];
  const signature = issued.sign(thought);
  for (const index of calls.keys()) issued.bind(toolId(head, index), signature);
  return [
    {
      empty: { type: "thinking", thinking: "", signature: "" },
      deltas: [
        ...pieces(thought).map((piece) => ({
          data: { type: "thinking_delta", thinking: piece },
          output: tokensOf(piece),
        })),
        { data: { type: "signature_delta", signature }, output: 0 },
      ],
    },
  ];
}

const text = ({ text: said }: Answer): Growing[] =>
  said === ""
    ? []
    : [
        {
          empty: { type: "text", text: "" },
          deltas: pieces(said).map((piece) => ({
            data: { type: "text_delta", text: piece },
            output: tokensOf(piece),
          })),
        },
      ];

const toolUses = ({ calls }: Answer, head: Head): Growing[] =>
  calls.map(({ name, arguments: args }, index) => ({
    empty: { type: "tool_use", id: toolId(head, index), name, input: {} },
    deltas: pieces(JSON.stringify(args)).map((partial_json) => ({
      data: { type: "input_json_delta", partial_json },
      output: tokensOf(partial_json),
    })),
  }));

const toolId = ({ id }: Head, index: number) => `toolu_${id}_${index}`;

const grow = ({ empty, deltas }: Growing, index: number): WireEvent[] => [
  named({ type: "content_block_start", index, content_block: empty }),
  ...deltas.map(({ data, output }) => named({ type: "content_block_delta", index, delta: data }, output)),
  named({ type: "content_block_stop", index }),
];

function start({ id, model, usage }: Head): WireEvent {
  const { input, cached, written, hourWritten } = usage;
  const counted = {
    input_tokens: input - cached - written,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: written,
    cache_creation: {
      ephemeral_5m_input_tokens: written - hourWritten,
      ephemeral_1h_input_tokens: hourWritten,
    },
    output_tokens: 1,
  };
  const message = { id, type: "message", role: "assistant", model, content: [], usage: counted };
  return named({ type: "message_start", message });
}
