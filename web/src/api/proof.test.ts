import { describe, expect, it } from "vitest";
import { accountsApi } from "./accounts";
import { HttpClient } from "./http";
import { identitiesApi } from "./identities";

/** Both APIs over a server that says `answer`, and what it was sent. */
function server(answer: () => Response) {
  const sent: { path: string; method: string | undefined; body: unknown }[] = [];
  const http = new HttpClient(async (path, init = {}) => {
    sent.push({ path: String(path), method: init.method, body: JSON.parse(String(init.body)) });
    return answer();
  });
  http.setGrant({ access_token: "good", expires_in: 900 });
  return { sent, accounts: accountsApi(http), identities: identitiesApi(http) };
}

const refusal = () =>
  new Response(JSON.stringify({ detail: "Sign in once more.", code: "reauth_required" }), {
    status: 401,
    headers: { "Content-Type": "application/problem+json" },
  });

describe("what asks once more who it is", () => {
  it("takes the own data away with the password, and under the server's name", async () => {
    const file = { "Content-Disposition": 'attachment; filename="personal-data-1.zip"' };
    const { sent, accounts } = server(() => new Response("zip", { headers: file }));
    expect((await accounts.exportOwn("secret")).name).toBe("personal-data-1.zip");
    expect(sent).toEqual([{ path: "/api/v1/auth/export", method: "POST", body: { password: "secret" } }]);
  });

  it("takes a provider off with the password", async () => {
    const { sent, identities } = server(() => new Response(null, { status: 204 }));
    await identities.unlink("a/b", "secret");
    const path = "/api/v1/auth/identities/a%2Fb/unlink";
    expect(sent).toEqual([{ path, method: "POST", body: { password: "secret" } }]);
  });

  it("sends none of who has none, and tells once that the sign-in is too old", async () => {
    const { sent, accounts, identities } = server(refusal);
    await expect(accounts.exportOwn()).rejects.toMatchObject({ code: "reauth_required" });
    await expect(identities.unlink("a")).rejects.toMatchObject({ code: "reauth_required" });
    expect(sent.map(({ body }) => body)).toEqual([{}, {}]);
  });
});
