import { useEffect } from "react";
import { Link } from "wouter";

export function NotFound() {
  useEffect(() => {
    document.title = "Not found · AgentLoop";
  }, []);
  return (
    <div className="empty">
      <h1>There is nothing here</h1>
      <p>The address leads to no page. It may have been cut short where it was copied.</p>
      <div className="empty-ways">
        <Link href="/" className="button button-main">
          Talk to the agent
        </Link>
        <Link href="/sessions" className="button">
          All sessions
        </Link>
      </div>
    </div>
  );
}
