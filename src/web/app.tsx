import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Router, useLocation } from "wouter";
import { RecordError } from "./parts/record-api.ts";
import { ErrorBoundary } from "./shell/error-boundary.tsx";
import { NotFound } from "./shell/not-found.tsx";
import { Shell } from "./shell/shell.tsx";
import { SignInGate } from "./sign-in/sign-in-gate.tsx";
import { SIGN_IN_KEY } from "./sign-in/use-sign-in.ts";
import { TalkPage } from "./talk/talk-page.tsx";
import { serverPath } from "./parts/base-path.ts";

const SessionsPage = lazy(() => import("./sessions/sessions-page.tsx"));
const ReviewPage = lazy(() => import("./review/review-page.tsx"));

/** The page around all pages. */
export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Router base={serverPath("/ui")}>
        <SignInGate>
          <Shell>
            <Page />
          </Shell>
        </SignInGate>
      </Router>
    </QueryClientProvider>
  );
}

const queries: QueryClient = new QueryClient({
  defaultOptions: { queries: { refetchOnWindowFocus: false, retry: 1 } },
  queryCache: new QueryCache({
    // The cookie has ended: the gate asks for the token again.
    onError: (error, { queryKey }) => {
      if (error instanceof RecordError && error.status === 401 && queryKey !== SIGN_IN_KEY)
        void queries.invalidateQueries({ queryKey: SIGN_IN_KEY });
    },
  }),
});

const SESSION = "[0-9a-f]{32,64}";
const TALK = new RegExp(`^/(?:talk/(${SESSION}))?$`);
const REVIEW = new RegExp(`^/sessions/${SESSION}$`);

function Page() {
  const [path] = useLocation();
  return (
    <ErrorBoundary key={pageOf(path)}>
      <Suspense fallback={<p className="page-wait">Loading…</p>}>{pageAt(path)}</Suspense>
    </ErrorBoundary>
  );
}

/** Talk keeps what it has when its session gets its address. */
const pageOf = (path: string) => (TALK.test(path) ? "talk" : path);

function pageAt(path: string) {
  const talk = TALK.exec(path);
  if (talk) return <TalkPage sessionId={talk[1]} />;
  if (path === "/sessions") return <SessionsPage />;
  if (REVIEW.test(path)) return <ReviewPage />;
  return <NotFound />;
}
