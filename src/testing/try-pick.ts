import { pickSandbox } from "../sandboxes/pick.ts";

/** A server's start in small: prints what it would be told of its sandbox. */
const workspace = process.argv[2] ?? "";
const environment = { PATH: "/usr/local/bin:/usr/bin:/bin" };
try {
  const picked = await pickSandbox({
    mode: "workspace-write",
    workspace,
    hiddenPaths: [],
    network: false,
    environment,
  });
  process.stdout.write(picked.description);
} catch (error) {
  process.stdout.write(String(error));
}
