"""Secrets: one key, many purposes that do not mix."""

import base64
import hashlib
import hmac

import pytest

from conto.secrets import Secrets, Unreadable

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def secrets() -> Secrets:
    return Secrets(KEY)


def test_a_derived_key_is_hkdf_of_its_purpose(secrets: Secrets):
    extracted = hmac.digest(bytes(32), KEY.encode(), hashlib.sha256)
    assert secrets.derive("links") == hmac.digest(extracted, b"conto/links\x01", hashlib.sha256)


def test_derived_keys_depend_on_key_and_purpose_alone(secrets: Secrets):
    assert secrets.derive("links") == Secrets(KEY).derive("links")
    assert secrets.derive("links") != secrets.derive("webhooks")
    assert secrets.derive("links") != Secrets(KEY[::-1]).derive("links")


def test_what_is_encrypted_is_read_again(secrets: Secrets):
    token = secrets.encrypt("provider", "sk_live_é")
    assert "sk_live" not in token
    assert Secrets(KEY).decrypt("provider", token) == "sk_live_é"


def test_the_same_text_is_encrypted_differently_each_time(secrets: Secrets):
    assert secrets.encrypt("provider", "text") != secrets.encrypt("provider", "text")


def test_a_token_of_another_purpose_or_key_is_unreadable(secrets: Secrets):
    token = secrets.encrypt("provider", "text")
    with pytest.raises(Unreadable):
        secrets.decrypt("webhook", token)
    with pytest.raises(Unreadable):
        Secrets(KEY[::-1]).decrypt("provider", token)


@pytest.mark.parametrize("token", ["", "x", "é", "gAAAAA=="])
def test_a_damaged_token_is_unreadable(secrets: Secrets, token: str):
    with pytest.raises(Unreadable):
        secrets.decrypt("provider", token)


def test_a_signature_holds_for_its_text_purpose_and_key(secrets: Secrets):
    signature = secrets.sign("links", "a.pdf\n1700000000")
    assert secrets.verify("links", "a.pdf\n1700000000", signature)
    assert not secrets.verify("links", "b.pdf\n1700000000", signature)
    assert not secrets.verify("other", "a.pdf\n1700000000", signature)
    assert not Secrets(KEY[::-1]).verify("links", "a.pdf\n1700000000", signature)


def test_a_signature_is_32_bytes_fit_for_a_url(secrets: Secrets):
    signature = secrets.sign("links", "text")
    assert len(base64.urlsafe_b64decode(signature + "=")) == 32
    assert set(signature) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("signature", ["", "é", "\ud800", "x" * 43, "x" * 10_000])
def test_any_text_may_be_given_as_a_signature(secrets: Secrets, signature: str):
    assert not secrets.verify("links", "text", signature)
