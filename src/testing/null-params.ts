/** The parameters of a thread as the pages of older clients send them, with all their nulls. */
export const NULL_THREAD = {
  model: null,
  modelProvider: null,
  approvalPolicy: null,
  sandbox: null,
  config: null,
  baseInstructions: null,
  developerInstructions: null,
};

/** And those of a turn. */
export const NULL_TURN = {
  cwd: null,
  approvalPolicy: null,
  sandboxPolicy: null,
  model: null,
  effort: null,
  summary: null,
};
