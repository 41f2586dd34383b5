import type { PartialArg } from "./chunk.ts";

type Container = Record<string, unknown> | unknown[];

/** A step of a JSON path: `.name`, `['name']`, `["name"]` or `[0]`. */
const STEP = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]/y;

/** The arguments of a call that come value by value. */
export class PartialArgs {
  // Without a prototype, `__proto__` is a name like any other.
  readonly #root: Record<string, unknown> = Object.create(null);
  #isWhole = true;

  /** False as soon as a piece could not be put in its place. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  addAll(args: Record<string, unknown>): void {
    Object.assign(this.#root, args);
  }

  /** A string grows with each of its pieces. */
  add(piece: PartialArg): void {
    const steps = stepsOf(piece.jsonPath);
    const last = steps.pop();
    const place = steps.reduce<Container | undefined>(
      (container, step, n) => container && open(container, step, steps[n + 1] ?? last),
      this.#root,
    );
    if (place === undefined || last === undefined || !put(place, last, piece)) this.#isWhole = false;
  }

  toJson(): string {
    return JSON.stringify(this.#root);
  }
}

/** Empty where the path is none. */
function stepsOf(path: string): (string | number)[] {
  const steps: (string | number)[] = [];
  STEP.lastIndex = 1;
  while (path.startsWith("$") && STEP.lastIndex < path.length) {
    const [, name, single, double, index] = STEP.exec(path) ?? [];
    const quoted = single ?? double;
    if (name !== undefined) steps.push(name);
    else if (quoted !== undefined) steps.push(quoted.replace(/\\(.)/g, "$1"));
    else if (index !== undefined) steps.push(Number(index));
    else return [];
  }
  return steps;
}

/** The container at a step, made if it is not there yet: an array where the step after it is a number. */
function open(
  container: Container,
  step: string | number,
  next: string | number | undefined,
): Container | undefined {
  const there = read(container, step);
  if (typeof there === "object" && there !== null) return there as Container;
  const made: Container = typeof next === "number" ? [] : Object.create(null);
  return there === undefined && write(container, step, made) ? made : undefined;
}

function put(container: Container, step: string | number, piece: PartialArg): boolean {
  const before = read(container, step);
  if (piece.stringValue !== undefined) {
    return write(
      container,
      step,
      typeof before === "string" ? before + piece.stringValue : piece.stringValue,
    );
  }
  if (piece.numberValue !== undefined) return write(container, step, piece.numberValue);
  if (piece.boolValue !== undefined) return write(container, step, piece.boolValue);
  if (piece.nullValue !== undefined) return write(container, step, null);
  return true;
}

function read(container: Container, step: string | number): unknown {
  return Object.hasOwn(container, step) ? Reflect.get(container, step) : undefined;
}

/** An array grows by its end alone: a far index would fill the memory with holes. */
function write(container: Container, step: string | number, value: unknown): boolean {
  if (!Array.isArray(container)) {
    container[step] = value;
    return true;
  }
  if (typeof step !== "number" || step > container.length) return false;
  container[step] = value;
  return true;
}
