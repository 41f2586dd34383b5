/** The page around all pages. */
export function App() {
  return <p>AgentLoop</p>;
}
