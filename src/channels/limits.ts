export interface ChannelLimits {
  /** Of one message from a client, over all its frames. */
  messageBytes: number;
  /** Messages and pings from one client; twice as many may come at once. */
  messagesPerSecond: number;
  /** What may wait for one client, and one frame more. Above half of it droppable frames are left out. */
  queueBytes: number;
  pingIntervalMs: number;
  /** How long a client may take to answer a close. */
  closeTimeoutMs: number;
}

export const DEFAULT_CHANNEL_LIMITS: ChannelLimits = {
  messageBytes: 1024 * 1024,
  messagesPerSecond: 100,
  queueBytes: 4 * 1024 * 1024,
  pingIntervalMs: 15_000,
  closeTimeoutMs: 5_000,
};
