/** Providers that sign this account in. */
import { useCallback, useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import type { User } from "../../api/accounts";
import type { Identity, Provider } from "../../api/identities";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { useToast } from "../../design/Toast";
import { day } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { signInError } from "../entrance/sign_in_errors";
import { ProofForm, wantsProof } from "./ProofForm";
import { Row } from "./SigningIn";

/** Tells how linking went, which began here and came back by way of the provider. */
function useOutcome() {
  const [query, setQuery] = useSearchParams();
  const toast = useToast();
  useEffect(() => {
    const wrong = signInError(query.get("error"));
    if (!wrong && !query.has("linked")) return;
    toast(wrong ?? "Linked: you can sign in through it from now on.", wrong ? { tone: "wrong" } : {});
    setQuery(new URLSearchParams(), { replace: true });
  }, [query, setQuery, toast]);
}

export function Identities({ user }: { user: User }) {
  const { identities } = useApi();
  const task = useTask();
  const load = useCallback(
    async () => ({ providers: await identities.providers(), linked: await identities.list() }),
    [identities],
  );
  const { data, reload } = useLoaded(load);
  const [proving, setProving] = useState<Provider | null>(null);
  const [leaving, setLeaving] = useState<Identity | null>(null);
  const toast = useToast();
  useOutcome();
  if (!data) return null;
  const unlink = async (identity: Identity, password?: string) => {
    await identities.unlink(identity.identity_id, password);
    setLeaving(null);
    toast("It does not sign you in any more.");
    await reload();
  };
  const link = (provider: Provider) =>
    void task.run(async () => {
      try {
        window.location.assign(await identities.link(provider.name, "/profile"));
      } catch (problem) {
        if (!wantsProof(problem)) throw problem;
        setProving(provider);
      }
    });
  const last = user.has_password === false && data.linked.length === 1;
  return (
    <>
      {data.linked.map((identity) => (
        <Row
          key={identity.identity_id}
          name={identity.title}
          state={
            <>
              {identity.email ?? "Linked"}, {lastUse(identity)}
              {last && ". Set a password before you take it off"}
            </>
          }
          action={
            <Button
              size="small"
              disabled={last}
              aria-label={`Take off ${identity.title}`}
              onClick={() => setLeaving(identity)}
            >
              Take off
            </Button>
          }
        />
      ))}
      {data.providers
        .filter(({ name }) => !data.linked.some((identity) => identity.provider === name))
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
      <Dialog title={`Link ${proving?.title ?? ""}`} open={proving !== null} onClose={() => setProving(null)}>
        {proving && (
          <ProofForm
            user={user}
            yes={`Go on to ${proving.title}`}
            send={async (password) =>
              window.location.assign(await identities.link(proving.name, "/profile", password))
            }
            onCancel={() => setProving(null)}
          />
        )}
      </Dialog>
      <Dialog
        title={`Take off ${leaving?.title ?? ""}?`}
        open={leaving !== null}
        onClose={() => setLeaving(null)}
      >
        {leaving && (
          <ProofForm
            user={user}
            about="It will not sign you in any more: say once more that it is you."
            yes="Take off"
            send={(password) => unlink(leaving, password)}
            onCancel={() => setLeaving(null)}
          />
        )}
      </Dialog>
    </>
  );
}

const lastUse = ({ last_used_at, created_at }: Identity): string =>
  last_used_at ? `last used ${day(last_used_at)}` : `linked ${day(created_at)}`;
