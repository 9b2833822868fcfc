// A real OpenID provider for tests, on a port of its own, which it prints. Whoever signs in is believed: the login is the
// subject, and says what else is so (`unverified-…` has an address that was not verified, `nameless-…` none).
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { createServer } from "node:http";

const [packages, redirectUri] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(createRequire(packages).resolve("oidc-provider")).href);

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "vtp",
      client_secret: "a secret: with + and %",
      redirect_uris: [redirectUri],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
  findAccount: (_context, subject) => ({
    accountId: subject,
    claims: () => ({
      sub: subject,
      name: `The person ${subject}`,
      groups: subject.split("-"),
      ...(subject.startsWith("nameless") ? {} : { email: `${subject}@school.example`, email_verified: !subject.startsWith("unverified") }),
    }),
  }),
  cookies: { keys: ["for tests"] },
});
server.on("request", provider.callback());
console.log(issuer);
process.stdin.on("end", () => process.exit()).resume(); // ends with who started it
