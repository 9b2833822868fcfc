/** Why a sign-in through a provider did not come about: the codes of `/sign-in?error=…` as sentences. */

const SENTENCES: Readonly<Record<string, string>> = {
  flow_expired: "That took too long, or began in another browser. Start the sign-in again.",
  denied: "The sign-in was not allowed at your provider. Try again, or take your password.",
  provider_unavailable: "Your provider does not answer. Try again in a moment.",
  provider_refused: "Your provider does not know this server (any more). Tell who runs it.",
  invalid_token:
    "What your provider says does not hold. Try again; if it stays so, tell who runs this server.",
  not_asked_anew:
    "Your provider did not say that it asked who you are just now. Sign in as always; for what wants a proof, set a password by “Forgotten password?”.",
  no_account: "Nobody here has this identity. Ask an administrator for an account, or take your password.",
  no_email: "Your provider does not tell your address, which an account needs. Ask an administrator.",
  email_not_verified: "Your provider has not confirmed your address. Confirm it there and try again.",
  domain_not_allowed: "Addresses of this domain are not let in here. Take your school's account.",
  account_exists:
    "An account with this address is here already. Sign in with its password, then link the provider in your profile.",
  account_disabled: "This account is closed: ask an administrator.",
  identity_taken: "This identity belongs to another account here.",
  too_many: "Too many sign-ins at the same time. Try again in a moment.",
};

/** A sentence for any code: what is not known here is said in general, never shown as it came. */
export function signInError(code: string | null): string | null {
  if (!code) return null;
  return (
    SENTENCES[code] ?? "The sign-in through your provider did not work. Try again, or take your password."
  );
}
