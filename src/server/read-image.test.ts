import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readImage } from "./read-image.ts";

const PNG = Buffer.from("89504e470d0a1a0a0000", "hex");

let folder: string;
let workspace: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "images-")));
  workspace = join(folder, "workspace");
  await mkdir(join(workspace, "inner"), { recursive: true });
  await writeFile(join(folder, "outside.png"), PNG);
  await writeFile(join(workspace, "a.png"), PNG);
  await writeFile(join(workspace, "inner", "b.bin"), Buffer.from("ffd8ffe0", "hex"));
  await writeFile(join(workspace, "c.gif"), "GIF89a");
  await writeFile(join(workspace, "d.webp"), "RIFF\x01\x02\x03\nWEBPVP8");
  await writeFile(join(workspace, "secret.png"), "OPENAI_API_KEY=1");
  await writeFile(join(workspace, "huge.png"), Buffer.concat([PNG, Buffer.alloc(6 * 1024 * 1024)]));
  await symlink(join(folder, "outside.png"), join(workspace, "link.png"));
  await symlink(join(workspace, "a.png"), join(workspace, "inner-link.png"));
});
afterAll(() => rm(folder, { recursive: true }));

it.each([
  ["a.png", "png"],
  ["./inner/../a.png", "png"],
  ["inner/b.bin", "jpeg"],
  ["c.gif", "gif"],
  ["d.webp", "webp"],
  ["inner-link.png", "png"],
])("%s is read as a %s", async (path, kind) => {
  expect(await readImage(workspace, path)).toMatch(new RegExp(`^data:image/${kind};base64,[\\w+/]+=*$`));
});

it("an image is what its bytes say", async () => {
  expect(await readImage(workspace, join(workspace, "a.png"))).toBe(
    `data:image/png;base64,${PNG.toString("base64")}`,
  );
});

it.each([
  "../outside.png",
  "/etc/passwd",
  "link.png",
  "secret.png",
  "huge.png",
  "inner",
  "none.png",
  "a.png\0",
  "/dev/zero",
])("%j is refused in the same words", async (path) => {
  await expect(readImage(workspace, path)).rejects.toMatchObject({
    code: "invalid_message",
    message: expect.stringMatching(
      /^imagePaths: expected a PNG, JPEG, GIF or WebP of at most 5242880 bytes inside/,
    ),
  });
});
