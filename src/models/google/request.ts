import type { Content, GenerateContentConfig, GenerateContentParameters } from "@google/genai";
import type { ModelRequest } from "../../contract/model.ts";
import { abilitiesOf } from "./abilities.ts";
import { toContents } from "./contents.ts";

/** A request in Google's words. The same conversation gives the same bytes, for the provider's implicit cache. */
export function toGoogleRequest(request: ModelRequest, model: string): GenerateContentParameters {
  const { needsSignatures, systemInstruction, thinking } = abilitiesOf(model);
  const contents = toContents(request.items, { model, needsSignatures });
  const config: GenerateContentConfig = {};
  if (request.instructions !== "") {
    if (systemInstruction) config.systemInstruction = { parts: [{ text: request.instructions }] };
    else putFirst(contents, request.instructions);
  }
  if (request.tools.length > 0) {
    const functionDeclarations = request.tools.map(({ name, description, parameters }) => ({
      name,
      description,
      // `parameters` would be OpenAPI's dialect, which refuses ordinary JSON Schema.
      parametersJsonSchema: parameters,
    }));
    config.tools = [{ functionDeclarations }];
  }
  if (thinking !== undefined) config.thinkingConfig = thinking;
  if (request.maxOutputTokens !== undefined) config.maxOutputTokens = request.maxOutputTokens;
  return { model, contents, config };
}

/** The contents always begin with the user. */
function putFirst(contents: Content[], instructions: string): void {
  contents[0]?.parts?.unshift({ text: instructions });
}
