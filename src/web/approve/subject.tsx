import type { ApprovalRequest } from "../../contract/message.ts";
import { Diff } from "../parts/diff.tsx";
import { Exact, Readable } from "../parts/exact.tsx";
import { CommandText } from "./command-text.tsx";

interface Props {
  request: ApprovalRequest;
  sandbox: string;
  /** The patch as the person wants it; undefined while it is as it came. */
  edited: string | undefined;
  onEdit: (patch: string | undefined) => void;
}

/** What is to be decided upon: all of it, and where and within what bounds it would run. */
export function Subject({ request, sandbox, edited, onEdit }: Props) {
  const { reason, cwd, files, command, applyPatch } = request;
  return (
    <div className="dock-subject" tabIndex={0} role="group" aria-label="What would be done">
      <p className="dock-reason">
        <Readable text={reason} />
      </p>
      <div className="dock-about">
        <dl className="dock-facts">
          <div>
            <dt>Directory</dt>
            <dd>
              <code>
                <Exact text={cwd} />
              </code>
            </dd>
          </div>
          <div>
            <dt>Sandbox</dt>
            <dd>{SANDBOXES[sandbox] ?? sandbox}</dd>
          </div>
        </dl>
        {applyPatch !== undefined && (
          <button
            type="button"
            className="quiet"
            onClick={() => onEdit(edited === undefined ? applyPatch.patch : undefined)}
          >
            {edited === undefined ? "Edit the patch" : "Back to what was asked"}
          </button>
        )}
      </div>
      {files === undefined ? (
        <CommandText command={command} />
      ) : edited === undefined ? (
        <Diff files={files} />
      ) : (
        <PatchEditor patch={edited} onEdit={onEdit} />
      )}
    </div>
  );
}

const SANDBOXES: Readonly<Record<string, string>> = {
  "read-only": "reads only; commands change nothing",
  "workspace-write": "writes in the workspace only",
  "danger-full-access": "none: full access to this machine",
};

const PatchEditor = ({ patch, onEdit }: { patch: string; onEdit: (patch: string) => void }) => (
  <textarea
    className="field patch-editor"
    aria-label="The patch, as you want it"
    spellCheck={false}
    rows={Math.min(18, patch.split("\n").length + 1)}
    value={patch}
    autoFocus
    onChange={(event) => onEdit(event.target.value)}
  />
);
