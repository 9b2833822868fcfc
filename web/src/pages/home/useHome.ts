/** What somebody's home shows, kept fresh: at once when they are told something. */
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";

const FRESH_MS = 30_000;

export const useHome = () => useLoaded(useApi().home.read, FRESH_MS);
