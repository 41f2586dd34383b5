import type { ReadFact, RecordRead } from "../contract/log.ts";
import type { PageRequest } from "../contract/page.ts";

/** Puts a request on the record before it is answered. */
export function record(recordRead: RecordRead, action: ReadFact["action"], request: PageRequest): void {
  const { params, query, peer } = request;
  const asked = Object.fromEntries(query);
  recordRead({
    action,
    ...(params["session_id"] !== undefined && { session_id: params["session_id"] }),
    ...(Object.keys(asked).length > 0 && { query: asked }),
    ...(peer !== undefined && { peer }),
  });
}
