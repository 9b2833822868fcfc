/** The second factor: how it stands, switching it on and off, new backup codes. */
import { useCallback, useState } from "react";
import type { User } from "../../api/accounts";
import type { SecondFactor as Factor } from "../../api/second_factor";
import { Badge } from "../../design/Badge";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Notice } from "../../design/Notice";
import { useToast } from "../../design/Toast";
import { day, plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useSession } from "../../session/Session";
import { BackupCodes } from "./BackupCodes";
import { FactorOff, FactorOn, NewCodes } from "./FactorForms";
import { Row } from "./SigningIn";

/** With so few left it is time for new ones. */
const FEW_CODES = 3;

export function SecondFactor({ user }: { user: User }) {
  const { api, setUser } = useSession();
  const toast = useToast();
  const load = useCallback(() => api.factor.read(), [api]);
  const { data, error, reload } = useLoaded(load);
  const [open, setOpen] = useState<"on" | "off" | "codes" | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const close = () => setOpen(null);
  const changed = async () => {
    close();
    await reload();
    setUser(await api.accounts.profile());
  };
  const withCodes = (fresh: string[]) => {
    setCodes(fresh);
    void changed();
  };
  const off = () => {
    setCodes(null);
    toast("The second factor is off.");
    void changed();
  };
  return (
    <Row
      name="Second factor"
      testId="second-factor"
      state={data ? <Standing factor={data} /> : (error ?? "…")}
      action={
        data &&
        (data.enabled ? (
          <Button
            size="small"
            aria-label="Switch off the second factor"
            onClick={() => setOpen("off")}
            data-testid="factor-off"
          >
            Switch off
          </Button>
        ) : (
          <Button
            size="small"
            aria-label="Switch on the second factor"
            onClick={() => setOpen("on")}
            data-testid="factor-on"
          >
            Switch on
          </Button>
        ))
      }
    >
      {codes ? (
        <BackupCodes codes={codes} email={user.email} onSaved={() => setCodes(null)} />
      ) : (
        data?.enabled && <CodesLeft left={data.backup_codes_left} onRenew={() => setOpen("codes")} />
      )}
      <Dialog title="Switch the second factor on" open={open === "on"} onClose={close}>
        <FactorOn user={user} onDone={withCodes} onCancel={close} />
      </Dialog>
      <Dialog title="Switch the second factor off" open={open === "off"} onClose={close}>
        <FactorOff user={user} onDone={off} onCancel={close} />
      </Dialog>
      <Dialog title="New backup codes" open={open === "codes"} onClose={close}>
        <NewCodes onDone={withCodes} onCancel={close} />
      </Dialog>
    </Row>
  );
}

function Standing({ factor }: { factor: Factor }) {
  if (!factor.enabled) return "Off. With it on, a code of an app on your phone is asked for as well.";
  return (
    <>
      <Badge tone="accent">On</Badge> {factor.enabled_at && `since ${day(factor.enabled_at)}`}
    </>
  );
}

function CodesLeft({ left, onRenew }: { left: number; onRenew: () => void }) {
  const words = `${plural(left, "backup code", "backup codes")} left`;
  const renew = (
    <Button size="small" onClick={onRenew} data-testid="new-codes">
      New codes
    </Button>
  );
  if (left <= FEW_CODES) {
    return (
      <Notice tone="warn" title={words} action={renew}>
        Without your phone only these let you in.
      </Notice>
    );
  }
  return (
    <div className="profile-codes-left">
      <span className="soft" data-testid="codes-left">
        {words}
      </span>
      {renew}
    </div>
  );
}
