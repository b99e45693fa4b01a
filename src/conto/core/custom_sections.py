"""Which custom sections a new invoice gets (chapter 72 §6)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Section:
    """A section as a document copies it."""

    id: object
    code: str
    name: str
    display_name: str | None
    details: str | None


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """What a call, or something that is billed, says of sections: that there are to be none, or which.

    `sections` None says nothing; of something billed, nor does an empty choice.
    """

    skips: bool = False
    sections: tuple[T, ...] | None = None


def applicable(call: Choice[T], billed: Sequence[Choice[T]], of_customer: Sequence[T]) -> tuple[T, ...]:
    """The sections of an invoice, each once, in the order in which they were selected.

    The call decides if it says anything. Else what is billed does: what skips is left out, and if all skip
    there are none; the rest bring their own, and if any has none, the customer's come after. Where nothing
    that is billed can choose, the customer's apply.
    """
    if call.skips:
        return ()
    if call.sections is not None:
        return _once(call.sections)
    if not billed:
        return _once(of_customer)
    choosing = [choice for choice in billed if not choice.skips]
    own = [section for choice in choosing for section in choice.sections or ()]
    inherits = any(not choice.sections for choice in choosing)
    return _once([*own, *of_customer] if inherits else own)


def of_customer(skips: bool, own: Sequence[T], of_billing_entity: Sequence[T]) -> tuple[T, ...]:
    """A customer's sections: none if it skips, else its own, else those of its billing entity (chapter 10 §4.3)."""
    return () if skips else _once(own or of_billing_entity)


def _once(sections: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(sections))
