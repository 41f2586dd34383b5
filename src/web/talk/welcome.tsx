const IDEAS = [
  "What is in this folder, and how is it built?",
  "Run the tests and tell me what fails.",
  "Find the slowest part of this program.",
];

/** A new session, before anything was said. */
export const Welcome = ({ onIdea }: { onIdea: (text: string) => void }) => (
  <div className="welcome">
    <h1>What shall we do?</h1>
    <p>
      The agent works in a sandboxed folder, asks before it changes anything, and all of it is on the record.
    </p>
    <ul>
      {IDEAS.map((idea) => (
        <li key={idea}>
          <button type="button" onClick={() => onIdea(idea)}>
            {idea}
          </button>
        </li>
      ))}
    </ul>
  </div>
);
