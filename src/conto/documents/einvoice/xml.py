"""XML elements that are there only if they say something."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import lxml.etree as etree

_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A namespace whose elements are made by calling it; `prefixes` are all that the document uses."""

    uri: str
    prefixes: Mapping[str, str]

    def __call__(self, name: str, /, *content: Any, **attributes: str) -> Any:
        """The element around a text or elements; None if there are none, or all are None or empty."""
        parts = [part for part in content if part is not None and part != ""]
        if not parts:
            return None
        element = etree.Element(etree.QName(self.uri, name), nsmap=dict(self.prefixes))
        for key, value in attributes.items():
            element.set(key, writable(value))
        for part in parts:
            if isinstance(part, str):
                element.text = writable(part)
            else:
                element.append(part)
        return element


def written(root: Any) -> bytes:
    """The document as UTF-8, with its declaration."""
    etree.cleanup_namespaces(root, keep_ns_prefixes=list(root.nsmap))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def writable(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return _UNWRITABLE.sub("", text)


def two_decimals(hundredths: int) -> str:
    """Hundredths as an amount: 1050 is `10.50`."""
    return f"{Decimal(hundredths).scaleb(-2):.2f}"


def plain(number: Decimal) -> str:
    """A decimal in full, without exponent or needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
