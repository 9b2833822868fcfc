/**
 * Links into courses, `/courses/join#token=<token>`: the token leaves the address and stays in this tab, so that it is
 * there still when somebody had to sign in first, or to make an account.
 */
import { tokenIn } from "../hooks/useLinkToken";

const KEY = "vtp.course-link";

/** The token by which this tab came; null when it came without one. */
export function courseLinkToken(): string | null {
  const found = tokenIn(window.location.hash);
  try {
    if (found) {
      window.sessionStorage.setItem(KEY, found);
      window.history.replaceState(
        window.history.state,
        "",
        window.location.pathname + window.location.search,
      );
    }
    return found ?? window.sessionStorage.getItem(KEY);
  } catch {
    // Storage is forbidden: the token stays in the address and works from there.
    return found;
  }
}

/** Forgets it: it was used, or was not wanted. */
export function forgetCourseLink(): void {
  try {
    window.sessionStorage.removeItem(KEY);
  } catch {
    // There is nothing to forget.
  }
}
