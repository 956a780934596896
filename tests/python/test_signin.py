"""Signs in to a local lake with clients that are not ours: authlib, requests and boto3.

Started by `cargo nextest run -p local-lake --test signin`, which gives in the environment
LAKE_ONE_CLICK and LAKE_WITH_PASSWORD (issuer URLs), LAKE_PASSWORD, and IDENTITY_POOL (of the first).
"""

import datetime
import os
import secrets
import unittest
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import boto3
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from joserfc import jwt
from joserfc.jwk import KeySet

ONE_CLICK = os.environ["LAKE_ONE_CLICK"]
WITH_PASSWORD = os.environ["LAKE_WITH_PASSWORD"]
PASSWORD = os.environ["LAKE_PASSWORD"]
POOL = os.environ["IDENTITY_POOL"]
CALLBACK = "http://localhost:47115/callback"
LIMIT = 20


class Form(HTMLParser):
    """The first form of a page: where it goes, its fields, its buttons, and the labels that name its fields."""

    def __init__(self, text):
        super().__init__()
        self.action, self.method, self.fields, self.buttons, self.labels = None, None, {}, [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form" and self.action is None:
            self.action, self.method = attrs["action"], attrs["method"]
        elif tag == "input":
            self.fields[attrs["name"]] = attrs.get("value", "")
        elif tag == "button":
            self.buttons.append((attrs.get("name"), attrs.get("value")))
        elif tag == "label":
            self.labels.add(attrs["for"])


class Lake:
    """One lake, as a client that knows nothing but its issuer sees it."""

    def __init__(self, issuer):
        self.issuer = issuer
        self.known = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=LIMIT).json()
        self.keys = KeySet.import_key_set(requests.get(self.known["jwks_uri"], timeout=LIMIT).json())

    def sign_in(self, username, password=None, scope="openid email profile"):
        """The whole flow; answers the client session, its tokens and the verified claims of the ID token."""
        client = OAuth2Session(
            "lake-steward",
            scope=scope,
            redirect_uri=CALLBACK,
            code_challenge_method="S256",
            token_endpoint_auth_method="none",
            token_endpoint=self.known["token_endpoint"],
        )
        verifier, nonce = generate_token(64), secrets.token_urlsafe(16)
        url, state = client.create_authorization_url(
            self.known["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        browser = requests.Session()
        page = browser.get(url, timeout=LIMIT)
        form = Form(page.text)
        fields = form.fields | {"username": username}
        if password is not None:
            assert {"username", "password"} <= form.labels, "both fields are labelled"
            fields["password"] = password
        answer = browser.request(
            form.method, requests.compat.urljoin(page.url, form.action), data=fields, allow_redirects=False, timeout=LIMIT
        )
        assert answer.status_code in (302, 303), f"{answer.status_code}: {answer.text}"
        location = answer.headers["location"]
        assert location.startswith(CALLBACK + "?"), location
        assert parse_qs(urlsplit(location).query)["state"] == [state], "the state comes back"
        tokens = client.fetch_token(authorization_response=location, code_verifier=verifier, state=state)
        claims = self.claims(tokens["id_token"])
        assert claims["nonce"] == nonce, "the nonce comes back"
        return client, tokens, claims, browser

    def claims(self, token):
        claims = jwt.decode(token, self.keys, algorithms=["RS256"]).claims
        rules = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self.known["issuer"]},
            aud={"essential": True, "value": "lake-steward"},
            exp={"essential": True},
            iat={"essential": True},
        )
        rules.validate(claims)
        return claims


class SignIn(unittest.TestCase):
    def test_code_flow_with_pkce_userinfo_refresh_and_revocation(self):
        lake = Lake(ONE_CLICK)
        client, tokens, claims, _ = lake.sign_in("admin@example.com")
        self.assertEqual(claims["custom:write"], "my_hospital_123")
        said = client.get(lake.known["userinfo_endpoint"], timeout=LIMIT).json()
        self.assertEqual((said["sub"], said["email"]), (claims["sub"], "admin@example.com"))
        first = tokens["refresh_token"]
        renewed = client.refresh_token(lake.known["token_endpoint"], refresh_token=first)
        self.assertNotEqual(renewed["refresh_token"], first, "refresh tokens rotate")
        again = lake.claims(renewed["id_token"])
        self.assertEqual((again["sub"], again["auth_time"]), (claims["sub"], claims["auth_time"]))
        client.revoke_token(lake.known["revocation_endpoint"], token=renewed["refresh_token"])
        with self.assertRaises(Exception) as refused:
            client.refresh_token(lake.known["token_endpoint"], refresh_token=renewed["refresh_token"])
        self.assertIn("invalid_grant", str(refused.exception))

    def test_a_browser_s_session_and_its_end(self):
        lake = Lake(ONE_CLICK)
        client, _, _, browser = lake.sign_in("reader@example.com")
        quiet, _ = client.create_authorization_url(
            lake.known["authorization_endpoint"], code_verifier=generate_token(64), prompt="none"
        )
        answer = browser.get(quiet, allow_redirects=False, timeout=LIMIT)
        self.assertIn("code=", answer.headers["location"], "the cookie is enough")
        out = {"client_id": "lake-steward", "logout_uri": f"{ONE_CLICK}/signed-out"}
        page = browser.get(lake.known["end_session_endpoint"], params=out, timeout=LIMIT)
        self.assertIn("You are signed out", page.text)
        answer = browser.get(quiet, allow_redirects=False, timeout=LIMIT)
        self.assertIn("error=login_required", answer.headers["location"], "and after sign-out it is not")

    def test_with_a_password(self):
        lake = Lake(WITH_PASSWORD)
        _, _, claims, _ = lake.sign_in("other@example.com", PASSWORD)
        self.assertEqual(claims["custom:read"], "other_clinic_456")
        with self.assertRaises(AssertionError):
            lake.sign_in("other@example.com", "wrong")

    def test_custom_claims_only_with_the_scope_profile(self):
        _, _, claims, _ = Lake(ONE_CLICK).sign_in("admin@example.com", scope="openid email")
        self.assertEqual([name for name in claims if name.startswith("custom:")], [])


class Credentials(unittest.TestCase):
    def setUp(self):
        self.provider = ONE_CLICK.split("://")[1]
        self.pool = boto3.client(
            "cognito-identity",
            region_name="us-east-1",
            endpoint_url=ONE_CLICK,
            config=Config(signature_version=UNSIGNED, connect_timeout=LIMIT, read_timeout=LIMIT, retries={"total_max_attempts": 1}),
        )

    def test_an_id_token_becomes_temporary_credentials(self):
        _, tokens, _, _ = Lake(ONE_CLICK).sign_in("admin@example.com")
        logins = {self.provider: tokens["id_token"]}
        identity = self.pool.get_id(IdentityPoolId=POOL, Logins=logins)["IdentityId"]
        self.assertEqual(self.pool.get_id(IdentityPoolId=POOL, Logins=logins)["IdentityId"], identity, "stable")
        made = self.pool.get_credentials_for_identity(IdentityId=identity, Logins=logins)["Credentials"]
        self.assertRegex(made["AccessKeyId"], "^ASIA[A-Z2-7]{16}$")
        self.assertEqual(len(made["SecretKey"]), 40)
        left = made["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
        self.assertAlmostEqual(left.total_seconds(), 3600, delta=60)

    def test_other_tokens_are_refused_as_aws_refuses_them(self):
        _, tokens, _, _ = Lake(ONE_CLICK).sign_in("admin@example.com")
        _, elsewhere, _, _ = Lake(WITH_PASSWORD).sign_in("admin@example.com", PASSWORD)
        for token in (tokens["access_token"], elsewhere["id_token"], tokens["id_token"][:-4] + "AAAA", "x"):
            with self.assertRaises(ClientError) as refused:
                self.pool.get_id(IdentityPoolId=POOL, Logins={self.provider: token})
            self.assertEqual(refused.exception.response["Error"]["Code"], "NotAuthorizedException")
        with self.assertRaises(self.pool.exceptions.ResourceNotFoundException):
            unknown = "us-east-1:00000000-0000-4000-8000-000000000000"
            self.pool.get_id(IdentityPoolId=unknown, Logins={self.provider: tokens["id_token"]})


if __name__ == "__main__":
    unittest.main(verbosity=2)
