/** Why a sign-in through a provider did not come about: the codes of `/sign-in?error=…` as sentences. */

const SENTENCES: Readonly<Record<string, string>> = {
  access_denied: "You did not allow the sign-in at your provider. Try again, or sign in with a password.",
  account_disabled: "This account is closed: ask an administrator.",
  account_exists:
    "An account with this address exists already. Sign in with its password, then link the provider in your profile.",
  no_account:
    "Nobody here has this identity. Ask an administrator for an account, or sign in with a password.",
  domain_not_allowed: "Addresses of this domain are not let in here. Take your school's account.",
  email_not_verified: "Your provider has not confirmed your address. Confirm it there and try again.",
  provider_unavailable: "Your provider does not answer. Try again in a moment.",
  flow_expired: "That took too long. Start the sign-in again.",
};

/** A sentence for any code: what is not known here is said in general, never shown as it came. */
export function signInError(code: string | null): string | null {
  if (!code) return null;
  return (
    SENTENCES[code] ?? "The sign-in through your provider did not work. Try again, or take your password."
  );
}
