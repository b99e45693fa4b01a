"""What a webhook carries: the object as it is when the event is processed (chapter 71 §2.1)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto.schemas.encoding import encode
from conto.work import Work

type_of_loader = Callable[[Work, UUID, str], Awaitable[object]]

LOADERS: dict[str, type_of_loader] = {}


def payload_of(object_type: str) -> Callable[[type_of_loader], type_of_loader]:
    """Register what shows objects of the type: `loader(work, object_id, webhook_type)`, a struct or a dict.

    Where `webhook_type` is empty, the activity log asks, and is shown the object as the API answers with it.
    A loader raises `NotFound` where the object is gone.
    """

    def register(loader: type_of_loader) -> type_of_loader:
        assert object_type not in LOADERS
        LOADERS[object_type] = loader
        return loader

    return register


async def body(work: Work, delivery: Row[Any]) -> str:
    """The text that is signed and sent.

    Raises:
        NotFound: the object is gone.
    """
    shown = await LOADERS[delivery.object_type](work, delivery.object_id, delivery.webhook_type)
    content = {
        "webhook_type": delivery.webhook_type,
        "object_type": delivery.object_type,
        "organization_id": work.organization.id,
        delivery.object_type: shown,
    }
    return encode(content).decode()
