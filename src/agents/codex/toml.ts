/** A value as TOML has it on one line. */
export type TomlValue =
  | string
  | number
  | boolean
  | readonly TomlValue[]
  | { readonly [key: string]: TomlValue };

/** For `-c key=value` of the codex program. */
export function toml(value: TomlValue): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(toml).join(",")}]`;
  return `{${Object.entries(value)
    .map(([key, each]) => `${quoted(key)}=${toml(each)}`)
    .join(",")}}`;
}

const isList = (value: TomlValue): value is readonly TomlValue[] => Array.isArray(value);

/** JSON's escapes are TOML's; the one control character that JSON leaves alone is not allowed there. */
const quoted = (text: string) => JSON.stringify(text).replaceAll("\u007f", "\\u007f");
