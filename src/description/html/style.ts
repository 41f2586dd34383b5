/** Of the page, which has neither scripts nor pictures. The colours are those of the web UI. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#fbfaf8, #14161a);
  --surface: light-dark(#ffffff, #1b1e24);
  --sunken: light-dark(#f3f1ed, #101216);
  --line: light-dark(#e2ded6, #2e333c);
  --text: light-dark(#1d1b18, #e9e7e2);
  --muted: light-dark(#625d54, #a3a9b3);
  --accent: light-dark(#1f5fbf, #86b4ff);
  --good: light-dark(#1a6b3c, #7ed3a0);
  --warn: light-dark(#875300, #f0bd6a);
  --bad: light-dark(#a92a22, #ff9a90);
  --sans: ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", "DejaVu Sans Mono", monospace;
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0;
  background: var(--page);
  color: var(--text);
  font: 0.9375rem/1.6 var(--sans);
  text-size-adjust: 100%;
  overflow-wrap: anywhere;
}
a { color: var(--accent); text-underline-offset: 0.15em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code, pre { font-family: var(--mono); font-size: 0.875em; }
pre {
  margin: 0.75rem 0;
  padding: 0.75rem;
  border: 1px solid var(--line);
  border-radius: 0.375rem;
  background: var(--sunken);
  white-space: pre-wrap;
}
h1, h2, h3, h4 { margin: 0; line-height: 1.3; }
h1 { font-size: 1.625rem; }
h2 { margin-top: 3rem; padding-bottom: 0.375rem; border-bottom: 1px solid var(--line); font-size: 1.25rem; }
h3 { font-size: 1rem; }
h4 { margin-top: 1rem; color: var(--muted); font-size: 0.8125rem; font-weight: 600; }
p { margin: 0.25rem 0; }
main, nav, header { padding: 1.25rem 1rem; }
header, main { max-width: 56rem; }
main { padding-bottom: 6rem; }
nav {
  max-height: 40vh;
  overflow-y: auto;
  border: solid var(--line);
  border-width: 1px 0;
  background: var(--surface);
  font-size: 0.875rem;
}
nav ul { display: flex; flex-wrap: wrap; gap: 0 1rem; margin: 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: 0.3rem 0; text-decoration: none; }
nav a:hover { text-decoration: underline; }
nav strong { display: block; margin-top: 0.5rem; }
section.one {
  margin-top: 1rem;
  padding: 1rem;
  border: 1px solid var(--line);
  border-radius: 0.625rem;
  background: var(--surface);
}
section.one:target { border-color: var(--accent); }
.fields { margin: 0.5rem 0; padding: 0; list-style: none; }
.fields li { padding: 0.375rem 0; border-top: 1px solid var(--line); }
.fields li p, .type, .muted { color: var(--muted); }
.fields .choice { color: var(--muted); font-weight: 600; }
.name { font-weight: 600; }
.mark { color: var(--warn); font-size: 0.8125rem; }
.method { color: var(--good); font-family: var(--mono); font-weight: 600; text-transform: uppercase; }
.status { font-family: var(--mono); font-weight: 600; }
@media (min-width: 64rem) {
  body { display: grid; grid-template: auto 1fr / 17rem 1fr; }
  header, main { grid-column: 2; padding-inline: 2rem; }
  header { padding-bottom: 0; }
  nav {
    position: sticky;
    top: 0;
    grid-area: 1 / 1 / 3;
    height: 100vh;
    max-height: none;
    border-width: 0 1px 0 0;
  }
  nav ul { display: block; }
}
`;
