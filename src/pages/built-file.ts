import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { PageAnswer, PageRequest } from "../contract/page.ts";

/** A file of a build, in memory. */
export interface BuiltFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Of the content. */
  readonly hash: string;
  /** The content as it was sent before, by its coding. */
  readonly coded: Map<Coding, Promise<Uint8Array>>;
}

type Coding = keyof typeof CODERS;

/** The plain files that lie in a folder now, by their names, each as `change` has it; none when there is no folder. */
export async function readBuiltFiles(
  folder: string,
  change = (_name: string, bytes: Uint8Array): Uint8Array => bytes,
): Promise<ReadonlyMap<string, BuiltFile>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const files = await Promise.all(
    names.map(async (name): Promise<[string, BuiltFile]> => {
      const bytes = change(name, await readFile(join(folder, name)));
      return [name, builtFile(name, bytes)];
    }),
  );
  return new Map(files);
}

export function builtFile(name: string, bytes: Uint8Array): BuiltFile {
  const hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
  return { name, bytes, hash, coded: new Map() };
}

/** The file in a coding that the client takes, or 304 when it has it already. */
export async function answerWith(
  file: BuiltFile,
  asked: PageRequest["headers"],
  headers: Record<string, string>,
): Promise<PageAnswer> {
  const type = TYPES[extname(file.name)];
  const coding = type?.packs === true ? chooseCoding(asked["accept-encoding"]) : undefined;
  const tag = `"${file.hash}${coding === undefined ? "" : `-${coding}`}"`;
  const common = {
    "Content-Type": type?.type ?? "application/octet-stream",
    ETag: tag,
    Vary: "Accept-Encoding",
    ...headers,
  };
  if (hasTag(asked["if-none-match"], tag)) return { status: 304, headers: common, body: pieces() };
  const bytes = coding === undefined ? file.bytes : await codedAs(coding, file);
  const length = { "Content-Length": String(bytes.length) };
  const encoding = coding === undefined ? undefined : { "Content-Encoding": coding };
  return { status: 200, headers: { ...common, ...length, ...encoding }, body: pieces(bytes) };
}

const TYPES: Record<string, { type: string; packs: boolean }> = {
  ".css": { type: "text/css; charset=utf-8", packs: true },
  ".html": { type: "text/html; charset=utf-8", packs: true },
  ".js": { type: "text/javascript; charset=utf-8", packs: true },
  ".json": { type: "application/json; charset=utf-8", packs: true },
  ".png": { type: "image/png", packs: false },
  ".svg": { type: "image/svg+xml", packs: true },
  ".txt": { type: "text/plain; charset=utf-8", packs: true },
  ".woff2": { type: "font/woff2", packs: false },
};

/** The best first. */
const CODERS = {
  // The highest level takes ten times as long for a twentieth less.
  br: (bytes: Uint8Array): Promise<Uint8Array> =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: (bytes: Uint8Array): Promise<Uint8Array> => promisify(gzip)(bytes, { level: 9 }),
};

function chooseCoding(acceptEncoding = ""): Coding | undefined {
  const accepted = acceptEncoding
    .toLowerCase()
    .split(",")
    .map((entry) => entry.split(";").map((part) => part.trim()))
    .filter(([, quality]) => quality === undefined || !/^q=0(\.0*)?$/.test(quality))
    .map(([name]) => name);
  return (Object.keys(CODERS) as Coding[]).find((coding) => accepted.includes(coding));
}

function codedAs(coding: Coding, { bytes, coded }: BuiltFile): Promise<Uint8Array> {
  const known = coded.get(coding) ?? CODERS[coding](bytes);
  coded.set(coding, known);
  return known;
}

function hasTag(ifNoneMatch: string | undefined, tag: string): boolean {
  const tags = ifNoneMatch?.split(",").map((entry) => entry.trim().replace(/^W\//, "")) ?? [];
  return tags.includes(tag) || tags.includes("*");
}

async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}
