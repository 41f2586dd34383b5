import { createHash } from "node:crypto";
import type { Page, PageAnswer, PageRequest } from "../contract/page.ts";
import { answerWith, type BuiltFile, builtFile } from "./built-file.ts";
import { json } from "./pieces.ts";

/** What is told of a server's messages and requests. */
export interface Documents {
  openapi: object;
  asyncapi: object;
  schemas: Readonly<Record<string, object>>;
  /** For people, with the one style sheet that stands in it. */
  page: { html: string; style: string };
}

interface DescriptionPage {
  method: "GET";
  path: string;
  page: Page;
}

/** `/docs`, `/openapi.json`, `/asyncapi.json` and `/schemas/{schema}`. What they tell is made when it is first asked for. */
export function descriptionPages(describe: () => Documents): DescriptionPage[] {
  let made: ReadonlyMap<string, Made> | undefined;
  const row = (path: string, nameOf: (params: PageRequest["params"]) => string): DescriptionPage => ({
    method: "GET",
    path,
    page: async ({ params, headers }) => {
      made ??= make(describe());
      const one = made.get(nameOf(params));
      return one === undefined ? notFound : await answerWith(one.file, headers, one.headers);
    },
  });
  return [
    row("/docs", () => PAGE),
    row("/openapi.json", () => "openapi.json"),
    row("/asyncapi.json", () => "asyncapi.json"),
    row("/schemas/{schema}", ({ schema = "" }) => `schemas/${schema}`),
  ];
}

const PAGE = "docs.html";

interface Made {
  file: BuiltFile;
  headers: Record<string, string>;
}

function make({ openapi, asyncapi, schemas, page }: Documents): ReadonlyMap<string, Made> {
  const documents = [
    ["openapi.json", openapi],
    ["asyncapi.json", asyncapi],
    ...Object.entries(schemas).map(([name, schema]) => [`schemas/${name}.json`, schema] as const),
  ] as const;
  const texts = documents.map(([name, document]): [string, Made] => [
    name,
    madeFrom(name, JSON.stringify(document)),
  ]);
  const policy = { "Content-Security-Policy": policyFor(page.style) };
  return new Map([...texts, [PAGE, madeFrom(PAGE, page.html, policy)]]);
}

const madeFrom = (name: string, text: string, headers: Record<string, string> = {}): Made => ({
  file: builtFile(name, Buffer.from(text)),
  headers: { "Cache-Control": "no-cache", ...headers },
});

/** Nothing runs, nothing is loaded, and only this style counts. The one picture is an icon that is none. */
const policyFor = (style: string): string =>
  [
    "default-src 'none'",
    "img-src data:",
    `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

const notFound: PageAnswer = json(
  JSON.stringify({ error: { code: "not_found", message: "there is no such schema; /docs names them all" } }),
  404,
);
