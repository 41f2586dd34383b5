import type { Limits } from "./limits.ts";
import { foldersBetween, isInside } from "./protected-paths.ts";
import type { Placed } from "./placeholders.ts";

/** What a command sees of the machine. */
export interface View {
  workspace: string;
  writable: boolean;
  network: boolean;
  /** A folder of the host that is /tmp inside; without one /tmp is empty and in memory. */
  tempFolder?: string | undefined;
  protectedPaths: readonly Placed[];
  /** Links resolved; all exist. */
  hidden: readonly { path: string; isFolder: boolean }[];
  /** What stays visible under /run. */
  keptInRun: readonly string[];
  limits: Limits;
}

/** Descriptors by which bubblewrap and we talk. Further inherited ones are read empty and closed. */
export interface Channels {
  filter: number;
  status: number;
  blank: readonly number[];
}

interface Mount {
  path: string;
  options: string[];
}

/**
 * The whole host is visible, read-only. /proc is fresh and read-only (root could write kernel settings), /dev has the
 * harmless devices, /run (sockets and pipes of services) is empty. The command runs in namespaces of its own, without
 * capabilities, without a terminal, and dies with bubblewrap.
 */
export function bubblewrapArguments(view: View, cwd: string, channels: Channels): string[] {
  // A mount hides what was mounted below it before, so parents come first.
  const mounts = [...ownMounts(view), ...workspaceMounts(view), ...hidingMounts(view)].sort(
    (one, other) => depth(one.path) - depth(other.path),
  );
  const base = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--remount-ro", "/proc"];
  const bounds = ["--cap-drop", "ALL", "--new-session", "--die-with-parent", "--as-pid-1"];
  const filter = ["--seccomp", `${channels.filter}`, "--json-status-fd", `${channels.status}`];
  const blank = channels.blank.flatMap((descriptor) => ["--args", `${descriptor}`]);
  const net = view.network ? ["--share-net"] : [];
  return base.concat(
    mounts.flatMap((mount) => mount.options),
    ["--unshare-all", ...net, ...bounds, "--chdir", cwd],
    filter,
    blank,
  );
}

function ownMounts({ tempFolder, limits, keptInRun }: View): Mount[] {
  const temp =
    tempFolder === undefined
      ? ["--perms", "1777", "--size", `${limits.tempBytes}`, "--tmpfs", "/tmp"]
      : ["--bind", tempFolder, "/tmp"];
  return [
    { path: "/tmp", options: temp },
    { path: "/run", options: emptyFolder("/run") },
    ...keptInRun.map((path) => ({ path, options: ["--ro-bind", path, path] })),
  ];
}

function workspaceMounts({ workspace, writable, protectedPaths, hidden }: View): Mount[] {
  if (!writable) {
    const isCovered = ["/tmp", "/run", ...hidden.map(({ path }) => path)].some((path) =>
      isInside(path, workspace),
    );
    return isCovered ? [{ path: workspace, options: ["--ro-bind", workspace, workspace] }] : [];
  }
  return [
    { path: workspace, options: ["--bind", workspace, workspace] },
    ...protectedPaths.map((each) => ({ path: each.path, options: protection(each) })),
  ];
}

function protection({ path, access, placeholder, isPlaceholder }: Placed): string[] {
  if (access === "anchor") return ["--bind", path, path];
  // Cheaper than a bind, which makes bubblewrap read the table of mounts again.
  if (isPlaceholder && placeholder === "folder") return emptyFolder(path);
  return ["--ro-bind", path, path];
}

function hidingMounts({ hidden, workspace, writable }: View): Mount[] {
  const masks = hidden.map(({ path, isFolder }) => ({
    path,
    // A device that may not be opened as one: reading it fails.
    options: isFolder ? emptyFolder(path) : ["--ro-bind", "/dev/null", path],
  }));
  if (!writable) return masks;
  const anchors = hidden
    .filter(({ path }) => isInside(workspace, path))
    .flatMap(({ path }) => foldersBetween(workspace, path));
  return [...new Set(anchors)].map((path) => ({ path, options: ["--bind", path, path] })).concat(masks);
}

function emptyFolder(path: string): string[] {
  return ["--perms", "0555", "--size", "4096", "--tmpfs", path];
}

function depth(path: string): number {
  return path === "/" ? 0 : path.split("/").length;
}
