import { expect, it } from "vitest";
import { reviewOfKeys } from "./keys.ts";

const press = (code: string, more: object = {}) =>
  reviewOfKeys({
    code,
    key: code.replace("Key", "").toLowerCase().replace("enter", "Enter"),
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    repeat: false,
    isComposing: false,
    ...more,
  });

it("an answer takes two keys", () => {
  expect(press("Enter", { ctrlKey: true })).toBe("YES");
  expect(press("Enter", { metaKey: true, shiftKey: true })).toBe("ALWAYS");
  expect(press("KeyE", { altKey: true })).toBe("EXPLAIN");
  expect(press("KeyN", { altKey: true, key: "˜" })).toBe("NO_CONTINUE");
  expect(press("KeyX", { altKey: true })).toBe("NO");
});

it("a key alone, one that is held down, and one that composes a character answer nothing", () => {
  for (const code of ["Enter", "KeyE", "KeyN", "KeyX", "KeyY"]) expect(press(code)).toBeUndefined();
  expect(press("Enter", { ctrlKey: true, repeat: true })).toBeUndefined();
  expect(press("Enter", { ctrlKey: true, isComposing: true })).toBeUndefined();
  expect(press("Backspace", { ctrlKey: true })).toBeUndefined();
  expect(press("KeyN", { altKey: true, ctrlKey: true })).toBeUndefined();
});
