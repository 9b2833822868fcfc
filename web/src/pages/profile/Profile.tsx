/** The own account: picture, name, ways to sign in, signed-in devices, own data. */
import type { User } from "../../api/accounts";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { Card } from "../../design/Card";
import { EmptyState } from "../../design/EmptyState";
import { Field } from "../../design/Field";
import { useToast } from "../../design/Toast";
import { useForm } from "../../hooks/useForm";
import { useTitle } from "../../hooks/useTitle";
import { useApi, useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { ROLE_NAMES } from "../people/roles";
import { Submit } from "../Submit";
import "./Profile.css";
import { Devices } from "./Devices";
import { OwnData } from "./OwnData";
import { Picture } from "./Picture";
import { SigningIn } from "./SigningIn";

export function Profile() {
  useTitle("Profile");
  const { state } = useSession();
  const user = state.phase === "ready" ? state.user : null;
  return (
    <AppShell>
      {user ? (
        <div className="profile">
          <header className="profile-head">
            <Picture user={user} />
            <div>
              <h1>{user.full_name}</h1>
              <p className="profile-facts">
                <span className="profile-email">{user.email}</span>
                <Badge tone="accent">{ROLE_NAMES[user.role]}</Badge>
                {user.verified === false && <Badge tone="warn">Not verified yet</Badge>}
              </p>
            </div>
          </header>
          <div className="profile-column">
            <Details user={user} />
            <SigningIn user={user} />
          </div>
          <div className="profile-column">
            <Devices user={user} />
            <OwnData user={user} />
          </div>
        </div>
      ) : (
        <EmptyState page icon="user" title="No account needed">
          On this server everyone may enter every room.
        </EmptyState>
      )}
    </AppShell>
  );
}

function Details({ user }: { user: User }) {
  const { accounts } = useApi();
  const { setUser } = useSession();
  const toast = useToast();
  const form = useForm(["full_name", "phone"], async ({ full_name = "", phone = "" }) => {
    setUser(await accounts.updateProfile({ full_name: full_name.trim(), phone: phone.trim() || null }));
    toast("Your profile was saved.");
  });
  return (
    <Card>
      <form className="form" onSubmit={form.onSubmit}>
        <h2>About you</h2>
        <FormTrouble form={form} />
        <Field
          label="Full name"
          name="full_name"
          autoComplete="name"
          required
          maxLength={200}
          defaultValue={user.full_name}
          error={form.fields.full_name}
          data-testid="full-name"
        />
        <Field
          label="Phone"
          name="phone"
          type="tel"
          autoComplete="tel"
          defaultValue={user.phone ?? ""}
          error={form.fields.phone}
          data-testid="phone"
        />
        <p>
          <Submit form={form} data-testid="save-profile">
            Save
          </Submit>
        </p>
      </form>
    </Card>
  );
}
