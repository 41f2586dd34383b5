import { describe, expect, it } from "vitest";
import { seatbeltProfile } from "./seatbelt.ts";

const FACTS = {
  workspace: "/Users/me/work",
  hiddenPaths: ["/Users/me/.env"],
  tempFolder: "/private/var/folders/x/T/agentloop-1",
  network: false,
};

describe("a seatbelt profile", () => {
  it("opens the workspace and the temporary folder to writing, but for the protected places", () => {
    expect(seatbeltProfile(FACTS, true)).toBe(
      [
        "(version 1)",
        "(allow default)",
        "(deny file-write*)",
        '(allow file-write* (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty") (literal "/dev/dtracehelper"))',
        '(allow file-write* (subpath "/Users/me/work") (subpath "/private/var/folders/x/T/agentloop-1"))',
        '(deny file-write* (subpath "/Users/me/work/.git/hooks") (subpath "/Users/me/work/.git/config") ' +
          '(subpath "/Users/me/work/.git/config.worktree") (subpath "/Users/me/work/.git/commondir") ' +
          '(subpath "/Users/me/work/.codex") (subpath "/Users/me/work/.agents"))',
        '(deny file-write-unlink (literal "/Users/me/work/.git"))',
        '(deny file-read* file-write* (subpath "/Users/me/.env"))',
        "(deny network*)",
        "(deny appleevent-send)",
        "(deny lsopen)",
        "(deny signal)",
        "(allow signal (target same-sandbox))",
        "(deny process-info*)",
        "(allow process-info* (target same-sandbox))",
      ].join("\n"),
    );
  });

  it("keeps further places as they are, and the folders down to them where they are", () => {
    const readOnlyPaths = ["/Users/me/work/.env", "/Users/me/work/server/dist"];
    const profile = seatbeltProfile({ ...FACTS, readOnlyPaths }, true);
    expect(profile).toMatch(
      /\(deny file-write\* .*\(subpath "\/Users\/me\/work\/\.env"\) \(subpath "\/Users\/me\/work\/server\/dist"\)\)/,
    );
    expect(profile).toContain(
      '(deny file-write-unlink (literal "/Users/me/work/.git") (literal "/Users/me/work/server"))',
    );
  });

  it("opens the temporary folder alone to commands that only read", () => {
    const profile = seatbeltProfile(FACTS, false);
    expect(profile).toContain('(allow file-write* (subpath "/private/var/folders/x/T/agentloop-1"))');
    expect(profile).not.toContain('(allow file-write* (subpath "/Users/me/work")');
  });

  it("opens the network, but no Unix socket other than the resolver's", () => {
    const lines = seatbeltProfile({ ...FACTS, network: true }, true).split("\n");
    expect(lines.slice(lines.indexOf("(deny network*)") + 1).slice(0, 2)).toEqual([
      '(allow network* (local ip "*:*") (remote ip "*:*"))',
      '(allow network-outbound (literal "/private/var/run/mDNSResponder"))',
    ]);
  });

  it("lets no path end its quotation", () => {
    const workspace = '/work") (allow file-write* (subpath "/';
    const profile = seatbeltProfile({ ...FACTS, workspace }, true);
    expect(profile).toContain('(subpath "/work\\") (allow file-write* (subpath \\"/")');
  });
});
