import { Component, type ReactNode } from "react";

interface Props {
  children: ReactNode;
}

/** When a page fails, the shell stays, and the page can be asked for again. */
export class ErrorBoundary extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div className="empty" role="alert">
        <h1>This page has failed</h1>
        <p>The fault is ours. The session goes on without it, and its record is whole.</p>
        <pre className="fault">{error instanceof Error ? error.message : "No reason was given."}</pre>
        <button type="button" className="button button-main" onClick={() => location.reload()}>
          Load the page again
        </button>
      </div>
    );
  }
}
