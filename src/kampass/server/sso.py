"""Signing in through an OpenID Connect provider: authorization code with PKCE, state and nonce, and
an ID token whose signature is checked.

A journey to the provider is remembered here, in memory, and only the browser that began it can end
it, once. Whatever does not fit is refused with one sentence; the log says which check it was.
"""

import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from cachetools import TTLCache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from kampass.access import NotAllowed, Role
from kampass.errors import DataError
from kampass.people import People, Person
from kampass.people.errors import BadEmail, BadField, NotInvited
from kampass.server.serving import Identity

log = logging.getLogger("kampass")
JOURNEY = 600
"""Seconds in which somebody must be back from the provider."""
_MOST_JOURNEYS, _KEPT_FOR, _TIMEOUT = 10_000, 3600, 10.0
_SIGNATURES = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
]
_LEEWAY = 60
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class ProviderTrouble(DataError):  # noqa: N818 - reads as a sentence at the raise
    """The provider does not answer, or not as OpenID Connect says."""

    status = 502
    code = "provider_trouble"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} does not answer as it should.",
            hint="Try again in a minute, or sign in with your password.",
        )


class NotVouched(NotAllowed):
    """What came back from the provider proves nothing; why, only the log says."""

    code = "not_vouched"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Signing in through {name} did not work.",
            hint="Start again. If it happens twice, an administrator finds the reason in the log.",
        )


@dataclass(frozen=True)
class Vouched:
    """Whom the provider vouches for, with an address that it has verified, and where they wanted to
    go.
    """

    issuer: str
    subject: str
    email: str
    name: str
    to: str


@dataclass(frozen=True)
class Returned:
    """What the browser brings back."""

    state: str
    code: str = field(default="", repr=False)
    error: str = ""
    issuer: str = ""


@dataclass(frozen=True)
class _Journey:
    """One way to the provider and back."""

    browser: str
    to: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


class Provider:
    """The provider that a server trusts; `back` is the address people come back to."""

    def __init__(
        self, identity: Identity, back: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.identity, self.back = identity, back
        self._clock, self._lock = clock, Lock()
        self._journeys: TTLCache[str, _Journey] = TTLCache(_MOST_JOURNEYS, JOURNEY, timer=clock)
        self._known: dict[str, tuple[float, Any]] = {}

    def begin(self, to: str) -> tuple[str, str]:
        """The provider's address for the browser, and the secret that its cookie keeps until it is
        back. ProviderTrouble.
        """
        state, browser, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
        address: str = prepare_grant_uri(
            self._endpoint("authorization_endpoint"),
            self.identity.client_id,
            "code",
            self.back,
            "openid email profile",
            state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        with self._lock:
            self._journeys[state] = _Journey(_digest(browser), to, nonce, verifier)
        return address, browser

    def finish(self, returned: Returned, browser: str) -> Vouched:
        """Whom the provider vouches for. NotVouched, ProviderTrouble."""
        with self._lock:
            journey = self._journeys.pop(returned.state, None)
        if journey is None or not hmac.compare_digest(journey.browser, _digest(browser)):
            raise self._refused("no journey of this browser has that state")
        issuer = self._metadata()["issuer"]
        if returned.error or not returned.code or returned.issuer not in {"", issuer}:
            raise self._refused(f"the provider answered without a code ({returned.error[:60]!a})")
        token = self._token(returned.code, journey.verifier)
        claims = self._claims(token, journey.nonce)
        about = claims if "email" in claims else self._about(token, claims["sub"])
        if about.get("email_verified") not in (True, "true") or not isinstance(
            about.get("email"), str
        ):
            raise self._refused("the provider has not verified the e-mail address")
        return Vouched(
            issuer,
            str(claims["sub"]),
            about["email"],
            str(about.get("name") or claims.get("name") or ""),
            journey.to,
        )

    def _token(self, code: str, verifier: str) -> dict[str, Any]:
        """What the provider gives for a code."""
        identity = self.identity
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back,
            "code_verifier": verifier,
            "client_id": identity.client_id,
        }
        methods = self._metadata().get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        )
        basic = bool(identity.client_secret) and "client_secret_basic" in methods
        if identity.client_secret and not basic:
            form["client_secret"] = identity.client_secret
        login = (
            (quote(identity.client_id, safe=""), quote(identity.client_secret, safe=""))
            if basic
            else None
        )
        answer = self._asked("POST", self._endpoint("token_endpoint"), data=form, auth=login)
        if answer.status_code != httpx.codes.OK:
            raise self._refused(f"the code was not taken (HTTP {answer.status_code})")
        return self._object(answer)

    def _claims(self, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of an ID token that is the provider's, for us, for this journey and of now."""
        issuer, client = self._metadata()["issuer"], self.identity.client_id
        options = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": client},
        }
        params = {"nonce": nonce, "client_id": client, "access_token": token.get("access_token")}
        try:
            signed = self._signed(str(token.get("id_token", "")))
            claims = CodeIDToken(signed.claims, signed.header, options, params)
            claims.validate(int(self._clock()), _LEEWAY)
        except (JoseError, ValueError, TypeError) as wrong:
            raise self._refused(
                f"the ID token: {type(wrong).__name__} {getattr(wrong, 'claim', '')}"
            ) from None
        return dict(claims)

    def _signed(self, text: str) -> jwt.Token:
        """The token, if a key of the provider has signed it; keys are fetched again where none
        fits.
        """
        for fresh in (False, True):
            keys = KeySet.import_key_set(self._fetched(self._endpoint("jwks_uri"), fresh=fresh))
            try:
                return jwt.decode(text, keys, algorithms=_SIGNATURES)
            except (JoseError, ValueError):
                if fresh:
                    raise
        raise AssertionError

    def _about(self, token: dict[str, Any], subject: str) -> dict[str, Any]:
        """What the provider says of the person, where the ID token does not."""
        headers = {"authorization": f"Bearer {token.get('access_token', '')}"}
        about = self._object(
            self._asked("GET", self._endpoint("userinfo_endpoint"), headers=headers)
        )
        if about.get("sub") != subject:
            raise self._refused("the provider speaks of somebody else")
        return about

    def _metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = self._fetched(
            f"{self.identity.issuer.rstrip('/')}/.well-known/openid-configuration"
        )
        if str(found.get("issuer", "")).rstrip("/") != self.identity.issuer.rstrip("/"):
            raise self._refused("the provider calls itself something else than KAMPASS_OIDC_ISSUER")
        return found

    def _endpoint(self, name: str) -> str:
        address = str(self._metadata().get(name, ""))
        if not _safe(address):
            raise ProviderTrouble(self.identity.name)
        return address

    def _fetched(self, address: str, *, fresh: bool = False) -> Any:
        """JSON of the provider, kept for an hour."""
        at, kept = self._known.get(address, (0.0, None))
        if kept is None or fresh or self._clock() - at > _KEPT_FOR:
            kept = self._object(self._asked("GET", address))
            self._known[address] = (self._clock(), kept)
        return kept

    def _asked(self, method: str, address: str, **more: Any) -> httpx.Response:
        if not _safe(address):
            raise ProviderTrouble(self.identity.name)
        try:
            return httpx.request(method, address, timeout=_TIMEOUT, follow_redirects=False, **more)
        except httpx.HTTPError as wrong:
            log.warning(
                "single sign-on: %s does not answer (%s)",
                urlsplit(address).netloc,
                type(wrong).__name__,
            )
            raise ProviderTrouble(self.identity.name) from None

    def _object(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            found = answer.json() if answer.status_code == httpx.codes.OK else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            log.warning(
                "single sign-on: %s answers HTTP %s without an object",
                answer.url.host,
                answer.status_code,
            )
            raise ProviderTrouble(self.identity.name)
        return found

    def _refused(self, why: str) -> NotVouched:
        log.warning("single sign-on refused: %s", why)
        return NotVouched(self.identity.name)


def person_of(people: People, identity: Identity, vouched: Vouched) -> Person:
    """The person behind an identity; somebody unknown of a trusted domain comes in as an account
    manager. NotInvited, IdentityTaken.
    """
    accounts, email = people.accounts, vouched.email
    try:
        return accounts.link_identity(vouched.issuer, vouched.subject, email)
    except NotInvited:
        if email.strip().casefold().rpartition("@")[2] not in identity.domains:
            raise
    try:
        accounts.add(email, vouched.name or email, Role.ACCOUNT_MANAGER)
    except BadEmail:
        raise NotInvited from None
    except BadField:
        accounts.add(email, email, Role.ACCOUNT_MANAGER)
    return accounts.link_identity(vouched.issuer, vouched.subject, email)


def _safe(address: str) -> bool:
    """Whether nobody between us and the provider can listen."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
