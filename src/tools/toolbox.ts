import { z } from "zod";
import type { ToolSpec } from "../contract/model.ts";
import { ToolError, type Tool, type ToolCall, type Toolbox } from "../contract/tool.ts";
import { applyPatchTool, createApplyPatchTool } from "./apply-patch/tool.ts";
import { findPatchCommand } from "./patch-command.ts";
import { shellTool, type ShellArguments } from "./shell/tool.ts";

/** The tools of a session, in the order that the model sees them. */
export function createToolbox(tools: readonly Tool[] = [shellTool, applyPatchTool]): Toolbox {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  return {
    specs: tools.map(specOf),
    parse(name, argumentsJson) {
      const tool = byName.get(name);
      if (tool === undefined) {
        throw new ToolError(
          `There is no tool named ${JSON.stringify(name)}. The tools are: ${[...byName.keys()].join(", ")}.`,
        );
      }
      const patch =
        tool === shellTool && byName.has(applyPatchTool.name)
          ? patchCall(parseArguments(shellTool, argumentsJson))
          : undefined;
      return patch ?? callOf(tool, parseArguments(tool, argumentsJson));
    },
  };
}

function specOf({ name, description, schema }: Tool): ToolSpec {
  const { $schema: _, ...parameters } = z.toJSONSchema(schema, { io: "input" });
  return { name, description, parameters };
}

function callOf<Args>(tool: Tool<Args>, args: Args): ToolCall {
  return {
    name: tool.name,
    assess: (context) => tool.assess(args, context),
    run: (context, signal, patch) => tool.run(args, context, signal, patch),
  };
}

/** Models that know apply_patch as a program call it through the shell. */
function patchCall(args: ShellArguments): ToolCall | undefined {
  const found = findPatchCommand(args.command, args.workdir);
  if (found === undefined) return undefined;
  return callOf(createApplyPatchTool(found.workdir), { input: found.patch });
}

function parseArguments<Args>(tool: Tool<Args>, argumentsJson: string): Args {
  let value: unknown;
  try {
    value = JSON.parse(argumentsJson);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ToolError(`${tool.name}: expected the arguments as a JSON object, got invalid JSON: ${why}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const kind = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
    throw new ToolError(`${tool.name}: expected the arguments as a JSON object, got ${kind}.`);
  }
  const parsed = tool.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(
    ({ path, message }) => `${path.join(".") || "arguments"}: ${message}`,
  );
  throw new ToolError(`${tool.name}: the arguments do not fit. ${issues.join("; ")}.`);
}
