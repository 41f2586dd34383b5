import { z } from "zod";

/** Who is connected, for the record. */
export const ClientInfo = z
  .object({
    id: z.string().describe("Unique in this server's life."),
    door: z.string().describe("The door's name, e.g. `agentloop`."),
    peer: z.string().exactOptional().describe("The address that it came from."),
  })
  .meta({ id: "ClientInfo", description: "Who is connected." });
export type ClientInfo = z.infer<typeof ClientInfo>;
