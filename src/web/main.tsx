import { createRoot } from "react-dom/client";
import "./theme.css";
import "./parts/parts.css";
import "./shell/shell.css";
import "./talk/talk.css";
import "./talk/entries.css";
import "./approve/approve.css";
import "./sessions/sessions.css";
import "./review/review.css";
import { App } from "./app.tsx";

const root = document.getElementById("app");
if (root === null) throw new Error("The page has no element #app.");
createRoot(root).render(<App />);
