// An OpenID provider that somebody else wrote (oidc-provider), with one public client, Cognito's custom claims in the ID
// token, and refresh tokens that change at each use. Prints its address when it is ready.
//
// Arguments: the redirect URI; the seconds that an ID token lasts. After `GET /hold?after=N` the answer to the Nth request
// for tokens goes nowhere: what is given in it is given, and nobody has it. `held` is then printed.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const server = createServer().listen(0, "127.0.0.1", () => {
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "lake-steward",
        application_type: "native",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        redirect_uris: [process.argv[2]],
      },
    ],
    conformIdTokenClaims: false,
    claims: { openid: ["sub", "custom:read", "custom:write"], email: ["email"], profile: [] },
    ttl: { IdToken: Number(process.argv[3]) },
    features: { revocation: { enabled: true } },
    issueRefreshToken: async () => true,
    findAccount: async (_context, id) => ({
      accountId: id,
      claims: async () => ({
        sub: id,
        email: `${id}@example.com`,
        "custom:read": "my_hospital_123",
        "custom:write": "not a name!",
      }),
    }),
  });
  const answer = provider.callback();
  let left = 0;
  server.on("request", (request, response) => {
    const asked = new URL(request.url, issuer);
    if (asked.pathname === "/hold") {
      left = Number(asked.searchParams.get("after"));
      response.end();
      return;
    }
    if (asked.pathname === "/token" && left > 0 && --left === 0) {
      response.end = () => console.log("held");
    }
    answer(request, response);
  });
  console.log(JSON.stringify({ issuer }));
});
