"""What derives from the secret key: keys for a purpose, encryption of stored secrets, signatures."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


class Unreadable(Exception):
    """What was to be decrypted was encrypted for another purpose or under another key, or is damaged."""


class Secrets:
    """Everything made from one secret key; what is made for one purpose serves no other."""

    __slots__ = ("_secret_key",)

    def __init__(self, secret_key: str) -> None:
        assert len(secret_key) >= 32
        self._secret_key = secret_key.encode()

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for the purpose, the same on every node."""
        kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"conto/{purpose}".encode())
        return kdf.derive(self._secret_key)

    def encrypt(self, purpose: str, text: str) -> str:
        """The text as a token in ASCII; two of the same text differ."""
        return self._fernet(purpose).encrypt(text.encode()).decode()

    def decrypt(self, purpose: str, token: str) -> str:
        """The text that was encrypted for the purpose.

        Raises:
            Unreadable: the token is not one of this purpose and key.
        """
        try:
            return self._fernet(purpose).decrypt(token.encode()).decode()
        except InvalidToken:
            raise Unreadable(f"not encrypted for {purpose} under this CONTO_SECRET_KEY") from None

    def sign(self, purpose: str, text: str) -> str:
        """An HMAC-SHA256 of the text, in URL-safe base64 without padding."""
        key = self.derive(f"sign/{purpose}")
        digest = hmac.digest(key, text.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def verify(self, purpose: str, text: str, signature: str) -> bool:
        """Whether `signature` is the text's, in a time that does not tell how far it agrees."""
        return hmac.compare_digest(self.sign(purpose, text).encode(), signature.encode(errors="replace"))

    def _fernet(self, purpose: str) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self.derive(f"encrypt/{purpose}")))
