/** Entry of the pages: builds what they need once and shows them. */
import "@fontsource-variable/inter";
import "./design/tokens.css";
import "./design/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { HttpClient } from "./api/http";
import { ToastProvider } from "./design/Toast";
import { followTheme } from "./design/theme";
import { NewsProvider } from "./session/News";
import { SessionProvider } from "./session/Session";
import { StillThereDialog } from "./session/StillThere";
import { UnreadProvider } from "./session/Unread";
import { WaitingProvider } from "./session/Waiting";

followTheme();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element with the id root.");
createRoot(root).render(
  <StrictMode>
    <SessionProvider http={new HttpClient()}>
      <NewsProvider>
        <WaitingProvider>
          <UnreadProvider>
            <ToastProvider>
              <App />
              <StillThereDialog />
            </ToastProvider>
          </UnreadProvider>
        </WaitingProvider>
      </NewsProvider>
    </SessionProvider>
  </StrictMode>,
);
