/** The grant by which a browser fetches media: it ends after some hours, amid a long class or on a page left open. */
import type { LoaderResponse, LoadPolicy, RetryConfig } from "hls.js";

/** It lasts six hours, and the server gives another from the middle of them on. */
export const RENEW_EVERY_MS = 3_600_000;
/** How often a request is made again that is refused, for the new grant may take a moment. */
const MOST_TRIES = 3;

/** Asks for a new one; throws when it is refused, or nobody answers. */
export type Renew = () => Promise<unknown>;

/** Renews it in time, until the returned function is called. */
export function keepGrant(renew: Renew): () => void {
  // What is refused now is said once the media is refused, too.
  const timer = setInterval(() => void renew().catch(() => undefined), RENEW_EVERY_MS);
  return () => clearInterval(timer);
}

/** Renews one that has ended, as a computer that slept finds it: once, until something is loaded by the new one. */
export class Renewal {
  #state: "unasked" | "asked" | "refused" = "unasked";

  constructor(private readonly renew: Renew) {}

  /** Something was loaded. */
  loaded(): void {
    this.#state = "unasked";
  }

  /** What hls.js does where a request fails, with this. */
  policy({ default: usual }: LoadPolicy): LoadPolicy {
    if (!usual.errorRetry) return { default: usual };
    const most = usual.errorRetry.maxNumRetry;
    const errorRetry: RetryConfig = {
      ...usual.errorRetry,
      // Over it a playlist is not loaded again whatever `shouldRetry` says, and nothing is fatal then.
      maxNumRetry: Math.max(most, MOST_TRIES),
      shouldRetry: (config, tries, isTimeout, response, otherwise) =>
        this.shouldRetry(config, tries, isTimeout, response, otherwise && tries < most),
    };
    return { default: { ...usual, errorRetry } };
  }

  /** Whether hls.js makes a request again; has the grant renewed where it is refused for want of one. */
  readonly shouldRetry = (
    _config: RetryConfig | null | undefined,
    tries: number,
    _isTimeout: boolean,
    response: LoaderResponse | undefined,
    otherwise: boolean,
  ): boolean => {
    if (response?.code !== 401 && response?.code !== 403) return otherwise;
    if (this.#state === "unasked") {
      this.#state = "asked";
      this.renew().catch(() => {
        this.#state = "refused";
      });
    }
    return this.#state !== "refused" && tries < MOST_TRIES;
  };
}
