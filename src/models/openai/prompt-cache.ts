/** Whether a model of this name takes options for its prompt cache, and a price for writing to it: from gpt-5.6 on. */
export function chargesCacheWrites(name: string): boolean {
  const version = /^(?:ft:)?gpt-(\d+)(?:\.(\d+))?/.exec(name);
  if (!version) return false;
  const [major, minor] = [Number(version[1]), Number(version[2] ?? 0)];
  return major > 5 || (major === 5 && minor >= 6);
}
