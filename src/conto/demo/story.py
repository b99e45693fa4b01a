"""What happens in the demo's year, and when."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from conto.demo import usage
from conto.demo.calls import NAMED, Company
from conto.demo.company import CLOSES, CUSTOMERS, at

LATE = {2: "torri", 5: "fietsenhuis", 8: "cedar", 11: "kernoel"}
"""Whose order of a month's last day is reported on the second of the next one, while its invoice is a draft."""


Step = tuple[datetime, str, Callable[[Company], object]]


def story() -> list[Step]:
    """What happens in the year, in order: when, in a few words, and how."""
    return sorted((*arrivals(), *routine(), *incidents()), key=lambda step: step[0])


def arrivals() -> Iterator[Step]:
    """Customers come."""
    for customer in CUSTOMERS:
        yield customer.since, "a customer comes", partial(Company.customer_comes, customer=customer)


def routine() -> Iterator[Step]:
    """Every week usage is told; every month customers pay, soon or late."""
    for month in usage.months():
        for day in (7, 14, 21, 28):
            told = month.replace(day=day, hour=18)
            if told <= CLOSES:
                yield told, "usage is told", partial(Company.usage_is_told, until=told)
        paid, late = month.replace(day=12, hour=10), month.replace(day=26, hour=10)
        for who, when in (("soon", paid), ("half", paid), ("late", late)):
            if when <= CLOSES:
                yield when, "customers pay", partial(Company.customers_pay, who=who)


def incidents() -> Iterator[Step]:
    """What happens once."""
    for number, code in LATE.items():
        told = partial(Company.order_is_told_late, customer=NAMED[code], month=at(number, 1, 0))
        yield at(number, 2, 8), "an order is told late", told
    kernoel, claddagh, ribeira = NAMED["kernoel"], NAMED["claddagh"], NAMED["ribeira"]
    yield at(1, 22), "work is billed", partial(Company.work_is_billed, customer=NAMED["harlem"], units="3")
    yield at(3, 20), "an invoice is voided", partial(Company.work_is_billed_wrongly, customer=kernoel)
    yield at(5, 13, 11), "a customer upgrades", partial(Company.plan_is_changed, customer=claddagh, plan="shop")
    goes = at(6, 17, 15)
    yield goes, "a customer goes", partial(Company.customer_goes, customer=ribeira, now=goes)
    yield (
        at(9, 9),
        "a customer downgrades",
        partial(Company.plan_is_changed, customer=NAMED["bursztyn"], plan="starter"),
    )
    yield at(10, 6), "a dispute is lost", partial(Company.dispute_is_lost, customer=NAMED["derwent"])
