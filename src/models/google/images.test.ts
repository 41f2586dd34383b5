import { describe, expect, it } from "vitest";
import { AgentError } from "../../contract/error.ts";
import { imagePart } from "./images.ts";

describe("an image for Google", () => {
  it("is sent inline when it comes as a data URL", () => {
    expect(imagePart("data:image/png;base64,iVBORw0=")).toEqual({
      inlineData: { mimeType: "image/png", data: "iVBORw0=" },
    });
  });

  it("is named with its type when it stands in the web", () => {
    expect(imagePart("https://example.com/a/cat.JPG?size=2#top")).toEqual({
      fileData: { fileUri: "https://example.com/a/cat.JPG?size=2#top", mimeType: "image/jpeg" },
    });
  });

  it.each([
    "https://example.com/cat",
    "https://example.com/cat.svg",
    "http://example.com/cat.png",
    "file:///etc/cat.png",
    "data:text/plain;base64,aGk=",
    "cat.png",
  ])("is refused with what was expected and what came: %s", (url) => {
    expect(() => imagePart(url)).toThrow(AgentError);
    expect(() => imagePart(url)).toThrow(/https URL that ends in png, jpg.*got .*/);
    expect(() => imagePart(url)).toThrow(url);
  });

  it("does not repeat a whole image in its error", () => {
    const url = `data:text/plain;base64,${"A".repeat(5000)}`;
    expect(() => imagePart(url)).toThrow(/AAA\.\.\.\.$/);
  });
});
