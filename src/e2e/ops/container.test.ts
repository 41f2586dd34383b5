import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { type Setting, SETTINGS } from "../../config/settings.ts";

const ROOT = join(import.meta.dirname, "../../..");
const read = (name: string) => readFileSync(join(ROOT, name), "utf8");

interface Stage {
  name: string | undefined;
  image: string;
  /** In order, e.g. `["COPY", "--from=build /build/dist /opt"]`. */
  steps: [instruction: string, words: string][];
}

/** Throws for a line that is no instruction. */
function stagesOf(dockerfile: string): Stage[] {
  const lines = dockerfile
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll(/\\\n/g, " ")
    .split("\n");
  const stages: Stage[] = [];
  for (const line of lines.filter((each) => each.trim() !== "")) {
    const [, instruction, words = ""] =
      /^(FROM|RUN|COPY|USER|WORKDIR|ENV|EXPOSE|VOLUME|HEALTHCHECK|ENTRYPOINT|CMD|ARG) +(.+)$/.exec(line) ??
      [];
    if (instruction === undefined) throw new Error(`not an instruction: ${line}`);
    if (instruction !== "FROM") stages.at(-1)?.steps.push([instruction, words]);
    else {
      const [, image = "", name] = /^(\S+)(?: AS (\S+))?$/.exec(words) ?? [];
      stages.push({ name, image, steps: [] });
    }
  }
  return stages;
}

const stages = stagesOf(read("Dockerfile"));
const last = stages.at(-1);
if (last === undefined) throw new Error("The Dockerfile has no stage.");

const all = (stage: Stage, wanted: string): string[] =>
  stage.steps.flatMap(([instruction, words]) => (instruction === wanted ? [words] : []));

const listOf = (words = "[]") => JSON.parse(words) as string[];

const variables = new Set(
  Object.values<Setting>(SETTINGS).flatMap(({ name, aliases = [] }) => [name, ...aliases]),
);

/** Of the last stage: name to value. */
const environment = new Map(
  all(last, "ENV").flatMap((words) =>
    [...words.matchAll(/(\w+)=(\S+)/g)].map(([, name = "", value = ""]): [string, string] => [name, value]),
  ),
);

/** Whether `docker build` leaves a file of the repository behind. */
function isIgnored(path: string): boolean {
  const rules = read(".dockerignore").trim().split("\n");
  return rules.some((rule) => posix.matchesGlob(path, rule) || path.startsWith(`${rule}/`));
}

describe("the Dockerfile", () => {
  it("copies only what there is", () => {
    for (const [index, stage] of stages.entries()) {
      for (const words of all(stage, "COPY")) {
        const [, from, rest = words] = /^--from=(\S+) (.*)$/.exec(words) ?? [];
        const before = stages.slice(0, index).map(({ name }) => name);
        if (from !== undefined) expect(before, words).toContain(from);
        for (const source of from === undefined ? rest.split(" ").slice(0, -1) : []) {
          expect({ source, there: existsSync(join(ROOT, source)), ignored: isIgnored(source) }).toEqual({
            source,
            there: true,
            ignored: false,
          });
        }
      }
    }
  });

  it("takes neither secrets, nor records, nor what is installed and built here into the image", () => {
    const own = [".env", "node_modules", "dist", "sessions/0123.jsonl", ".git", "workspace"];
    for (const path of own) expect(isIgnored(path), path).toBe(true);
  });

  it("runs what the build makes, as a user without rights, with a Node that is new enough", () => {
    expect(all(last, "USER")).toEqual(["node"]);
    const lastRoot = last.steps.findLastIndex(([instruction]) => instruction === "RUN");
    expect(last.steps.findIndex(([instruction]) => instruction === "USER")).toBeGreaterThan(lastRoot);
    const [program, ...words] = listOf(all(last, "ENTRYPOINT")[0]);
    expect(program).toBe("node");
    const [, made, place = ""] = /^--from=build \/build\/(\S+) (\S+)$/.exec(all(last, "COPY")[0] ?? "") ?? [];
    expect([made, words.at(-1)]).toEqual(["dist", `${place}/ws-server.js`]);
    expect(read("scripts/build-server.mjs")).toContain('"dist/ws-server.js"');
    const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
    for (const { image } of stages) {
      const major = Number(/^node:(\d+)-/.exec(image)?.[1]);
      expect(major).toBeGreaterThan(Number.parseInt(engines.node.replace(">=", ""), 10));
    }
  });

  it("sets variables that the server knows, and asks a probe that it has", () => {
    for (const name of environment.keys()) expect([...variables, "NODE_ENV"]).toContain(name);
    expect(all(last, "EXPOSE")).toEqual([environment.get("PORT")]);
    expect(listOf(all(last, "VOLUME")[0])).toContain(environment.get("SESSION_STORE_PATH"));
    expect(all(last, "HEALTHCHECK")[0]).toContain("/livez'");
  });
});

describe("compose.yaml", () => {
  const text = read("compose.yaml");

  it("sets variables that the server knows", () => {
    const [, block = ""] = /^ {4}environment:\n((?: {6}.*\n)+)/m.exec(text) ?? [];
    const names = [...block.matchAll(/^ {6}(\w+):/gm)].map(([, name]) => name);
    expect(names).toContain("AUTH_TOKEN");
    for (const name of names) expect(variables).toContain(name);
  });

  it("reaches the port and the folders of the image, and opens the port to this machine alone", () => {
    expect(text).toContain(`"127.0.0.1:8080:${environment.get("PORT")}"`);
    const mounts = [...text.matchAll(/^ {6}- (?:\.\/)?\w+:(\/\S+)$/gm)].map(([, place]) => place);
    expect(new Set(mounts)).toEqual(new Set(listOf(all(last, "VOLUME")[0])));
  });

  it("waits for the server to stop by itself", () => {
    const [, seconds] = /stop_grace_period: (\d+)s/.exec(text) ?? [];
    expect(Number(seconds)).toBeGreaterThan(Number(SETTINGS.shutdownMs.default));
  });
});
