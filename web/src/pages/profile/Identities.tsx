/** Providers that sign this account in. */
import { useCallback } from "react";
import type { User } from "../../api/accounts";
import type { Identity, Provider } from "../../api/identities";
import { Button } from "../../design/Button";
import { day } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { Row } from "./SigningIn";

const host = (issuer: string): string => (URL.canParse(issuer) ? new URL(issuer).host : issuer);

export function Identities({ user }: { user: User }) {
  const { identities } = useApi();
  const task = useTask();
  const load = useCallback(
    async () => ({ providers: await identities.providers(), linked: await identities.list() }),
    [identities],
  );
  const { data, reload } = useLoaded(load);
  if (!data) return null;
  const unlink = (identity: Identity) =>
    void task.run(async () => {
      await identities.unlink(identity.id);
      await reload();
    }, "It does not sign you in any more.");
  const link = (provider: Provider) =>
    void task.run(async () => window.location.assign(await identities.link(provider.name, "/profile")));
  const last = user.has_password === false && data.linked.length === 1;
  return (
    <>
      {data.linked.map((identity) => (
        <Row
          key={identity.id}
          name={identity.title ?? host(identity.issuer)}
          state={
            <>
              {identity.email ?? "Linked"}, {lastUse(identity)}
              {last && ". Set a password before you take it off"}
            </>
          }
          action={
            <Button
              size="small"
              busy={task.busy}
              disabled={last}
              aria-label={`Take ${identity.title ?? host(identity.issuer)} off`}
              onClick={() => unlink(identity)}
            >
              Take off
            </Button>
          }
        />
      ))}
      {data.providers
        .filter(({ title }) => !data.linked.some((identity) => identity.title === title))
        .map((provider) => (
          <Row
            key={provider.name}
            name={provider.title}
            state="Sign in through it as well"
            action={
              <Button
                size="small"
                busy={task.busy}
                aria-label={`Link ${provider.title}`}
                onClick={() => link(provider)}
                data-testid={`link-${provider.name}`}
              >
                Link
              </Button>
            }
          />
        ))}
    </>
  );
}

const lastUse = ({ last_used_at, created_at }: Identity): string =>
  last_used_at ? `last used ${day(last_used_at)}` : `linked ${day(created_at)}`;
