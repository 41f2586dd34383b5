import { v7 as uuid } from "uuid";
import type { ResponseItem } from "../../contract/item.ts";

const PREFIXES: Record<ResponseItem["type"], string> = {
  message: "msg",
  function_call: "fc",
  function_call_output: "fco",
  reasoning: "rs",
  provider_item: "pi",
};

export const mintItemId = (type: ResponseItem["type"]) => `${PREFIXES[type]}_${plainUuid()}`;

export const mintCallId = () => `call_${plainUuid()}`;

export const mintRequestId = () => uuid();

const plainUuid = () => uuid().replaceAll("-", "");
