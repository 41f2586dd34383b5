/** Who is connected, for the record. */
export interface ClientInfo {
  /** Unique in this server's life. */
  id: string;
  /** The door's name, e.g. `agentloop`. */
  door: string;
  peer?: string;
}
