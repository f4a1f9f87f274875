"""What an ID token must be: the keys and the clock are ours here, the checks are the
application's.
"""

import secrets
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from kampass.server.serving import Identity
from kampass.server.sso import NotVouched, Provider, ProviderTrouble

CLIENT, URL = "kampass", "http://testserver"
BACK = f"{URL}/sign-in/return"


class TestToken:
    """One that fits, and those that do not."""

    @pytest.fixture
    def signing(self, monkeypatch: pytest.MonkeyPatch) -> tuple[Provider, RSAKey]:
        identity = Identity("https://id.example", CLIENT, "s")
        key = RSAKey.generate_key(2048, {"kid": "k"})
        provider = Provider(identity, BACK)
        metadata = {"issuer": identity.issuer, "jwks_uri": f"{identity.issuer}/jwks"}
        answers = {
            f"{identity.issuer}/.well-known/openid-configuration": metadata,
            f"{identity.issuer}/jwks": {"keys": [key.as_dict(private=False)]},
        }
        monkeypatch.setattr(
            httpx,
            "request",
            lambda method, address, **_: httpx.Response(
                200, json=answers[address], request=httpx.Request(method, address)
            ),
        )
        return provider, key

    def claims(self, provider: Provider, **change: Any) -> dict[str, Any]:
        now = int(provider._clock())
        found = {
            "iss": provider.identity.issuer,
            "sub": "s",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": "n",
            "email": "a@b.example",
            "email_verified": True,
        }
        return {key: value for key, value in (found | change).items() if value is not None}

    def test_one_that_fits_is_taken(self, signing: tuple[Provider, RSAKey]) -> None:
        provider, key = signing
        token = jwt.encode({"alg": "RS256", "kid": "k"}, self.claims(provider), key)
        assert provider._claims({"id_token": token}, "n")["sub"] == "s"

    @pytest.mark.parametrize(
        "change",
        [
            {"iss": "https://evil.example"},
            {"iss": None},
            {"aud": "other"},
            {"aud": ["other"]},
            {"aud": None},
            {"nonce": "m"},
            {"nonce": None},
            {"sub": None},
            {"exp": 1},
            {"exp": None},
            {"iat": None},
            {"iat": 32503680000},
            {"nbf": 32503680000},
            {"aud": ["other", CLIENT], "azp": "other"},
            {"exp": "soon"},
        ],
        ids=str,
    )
    def test_one_that_does_not_fit_is_refused(
        self, signing: tuple[Provider, RSAKey], change: dict[str, Any]
    ) -> None:
        provider, key = signing
        token = jwt.encode({"alg": "RS256", "kid": "k"}, self.claims(provider, **change), key)
        with pytest.raises(NotVouched):
            provider._claims({"id_token": token}, "n")

    @pytest.mark.parametrize(
        "how", ["another key", "none", "symmetric", "cut", "nothing", "swapped"]
    )
    def test_one_that_the_provider_has_not_signed_is_refused(
        self, signing: tuple[Provider, RSAKey], how: str
    ) -> None:
        import base64
        import json

        from joserfc.jwk import OctKey

        provider, key = signing
        claims = self.claims(provider)
        good = jwt.encode({"alg": "RS256", "kid": "k"}, claims, key)

        def packed(value: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

        forged = {
            "another key": jwt.encode(
                {"alg": "RS256", "kid": "k"}, claims, RSAKey.generate_key(2048, {"kid": "k"})
            ),
            "none": f"{packed({'alg': 'none'})}.{packed(claims)}.",
            "symmetric": jwt.encode(
                {"alg": "HS256", "kid": "k"}, claims, OctKey.import_key(secrets.token_bytes(32))
            ),
            "cut": good.rpartition(".")[0] + ".",
            "nothing": "",
            "swapped": ".".join(
                [good.split(".")[0], packed(claims | {"sub": "another"}), good.split(".")[2]]
            ),
        }[how]
        with pytest.raises(NotVouched):
            provider._claims({"id_token": forged}, "n")

    @pytest.mark.parametrize(
        "address",
        [
            "http://id.example",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "http://127.0.0.1.evil.example",
            "http://localhost@evil.example",
        ],
    )
    def test_a_provider_is_asked_over_tls_only(self, address: str) -> None:
        with pytest.raises(ProviderTrouble):
            Provider(Identity(address, CLIENT, "s"), BACK).begin("/")
