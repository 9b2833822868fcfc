/** Dark or light: what the system prefers, unless the person has chosen here. */

import { remember, remembered } from "../storage";

export type Theme = "light" | "dark";
export type ThemeChoice = Theme | "system";

const KEY = "vtp.theme";
const systemIsDark = () => window.matchMedia("(prefers-color-scheme: dark)");

/** The choice kept in this browser; "system" when there is none. */
export function readThemeChoice(): ThemeChoice {
  const kept = remembered(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** Keeps a choice and shows it at once. */
export function chooseTheme(choice: ThemeChoice): void {
  remember(KEY, choice === "system" ? null : choice);
  applyTheme();
}

/** The theme in force. */
export function themeInForce(): Theme {
  const choice = readThemeChoice();
  if (choice !== "system") return choice;
  return systemIsDark().matches ? "dark" : "light";
}

function applyTheme(): void {
  document.documentElement.dataset.theme = themeInForce();
}

/** Tells each change of what the system prefers; gives how to stop it. */
export function onSystemTheme(listener: () => void): () => void {
  const system = systemIsDark();
  system.addEventListener("change", listener);
  return () => system.removeEventListener("change", listener);
}

/** Shows the theme and follows the system from now on. */
export function followTheme(): void {
  applyTheme();
  systemIsDark().addEventListener("change", applyTheme);
}
