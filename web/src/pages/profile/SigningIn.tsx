/** The ways to sign in: address, password, second factor, providers. */
import { type ReactNode, useState } from "react";
import type { User } from "../../api/accounts";
import { Button } from "../../design/Button";
import { Card } from "../../design/Card";
import { Dialog } from "../../design/Dialog";
import { ChangeEmail } from "./ChangeEmail";
import { ChangePassword } from "./ChangePassword";
import { Identities } from "./Identities";
import { SecondFactor } from "./SecondFactor";

export function SigningIn({ user }: { user: User }) {
  const [open, setOpen] = useState<"email" | "password" | null>(null);
  const close = () => setOpen(null);
  const hasPassword = user.has_password !== false;
  return (
    <Card>
      <div className="form">
        <h2>Signing in</h2>
        <div className="profile-rows">
          <Row
            name="Email"
            state={user.email}
            action={
              <Button
                size="small"
                aria-label="Change email"
                onClick={() => setOpen("email")}
                data-testid="change-email"
              >
                Change
              </Button>
            }
          />
          <Row
            name="Password"
            state={hasPassword ? "Set" : "None: you sign in through a provider"}
            action={
              <Button
                size="small"
                aria-label={hasPassword ? "Change password" : undefined}
                onClick={() => setOpen("password")}
                data-testid="change-password"
              >
                {hasPassword ? "Change" : "Set a password"}
              </Button>
            }
          />
          <SecondFactor user={user} />
          <Identities user={user} />
        </div>
      </div>
      <Dialog title="Change your email address" open={open === "email"} onClose={close}>
        <ChangeEmail user={user} onDone={close} />
      </Dialog>
      <Dialog
        title={hasPassword ? "Change your password" : "Set a password"}
        open={open === "password"}
        onClose={close}
      >
        <ChangePassword user={user} onDone={close} />
      </Dialog>
    </Card>
  );
}

/** One thing of an account, how it stands, and what can be done about it. */
export function Row({
  name,
  state,
  action,
  children,
  testId,
}: {
  name: string;
  state: ReactNode;
  action?: ReactNode;
  children?: ReactNode;
  testId?: string;
}) {
  return (
    <div className="profile-row" data-testid={testId}>
      <div className="profile-row-words">
        <strong>{name}</strong>
        <div className="soft profile-row-state">{state}</div>
      </div>
      {action && <div className="profile-row-action">{action}</div>}
      {children && <div className="profile-row-more">{children}</div>}
    </div>
  );
}
