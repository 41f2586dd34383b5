/** A classic BPF program, one 8-byte instruction each: see linux/filter.h. */
export type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

const LOAD_WORD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP_IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_IF_NOT_LESS = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K

export const load = (offset: number): Instruction => [LOAD_WORD, 0, 0, offset];
export const and = (mask: number): Instruction => [AND, 0, 0, mask];
export const answer = (verdict: number): Instruction => [RETURN, 0, 0, verdict];

/** Runs `then` if the loaded word equals `value`, and skips it otherwise. */
export const ifEqual = (value: number, then: readonly Instruction[]): Instruction[] => [
  [JUMP_IF_EQUAL, 0, distance(then), value],
  ...then,
];

/** Runs `then` unless the loaded word equals `value`. */
export const unlessEqual = (value: number, then: readonly Instruction[]): Instruction[] => [
  [JUMP_IF_EQUAL, distance(then), 0, value],
  ...then,
];

/** Runs `then` if the loaded word, unsigned, is `value` or more. */
export const ifNotLess = (value: number, then: readonly Instruction[]): Instruction[] => [
  [JUMP_IF_NOT_LESS, 0, distance(then), value],
  ...then,
];

/** As `struct sock_filter[]` of a little-endian machine: what x86-64 and arm64 are. */
export function assemble(program: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, [code, ifTrue, ifFalse, operand]] of program.entries()) {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, ifTrue);
    bytes.setUint8(index * 8 + 3, ifFalse);
    bytes.setUint32(index * 8 + 4, operand, true);
  }
  return new Uint8Array(bytes.buffer);
}

function distance(skipped: readonly Instruction[]): number {
  if (skipped.length > 255)
    throw new RangeError(`a BPF jump reaches 255 instructions, not ${skipped.length}`);
  return skipped.length;
}
