"""How the usage of a charge came to its amount: its events, units, and the arithmetic line by line.

It is what current usage shows for the present period, and for a past one what that would have shown at its end.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, cast

from msgspec import UNSET
from sqlalchemy import Row

from conto.catalog.priced import PricedCharge, priced_plans
from conto.core.charges import explain
from conto.core.charges.arithmetic import Calculation, Line, number_text
from conto.core.charges.explain import Explained, Share
from conto.core.charges.percentage import Percentage
from conto.core.charges.price import Step
from conto.core.charges.properties import shown as shown_properties
from conto.core.days import start_of_day
from conto.core.money import total
from conto.core.numerals import decimal_text
from conto.core.periods.ranges import charges_period
from conto.errors import NotFound
from conto.metering.aggregations.scopes import FIELDS, TAKES_PART, VALUES, Scope
from conto.metering.aggregations.statements import Statement, both, listed, statement
from conto.metering.carried import carry
from conto.metering.postgres import Found, find_single_events, keys_in_order, steps, units_found
from conto.metering.show import charge_shown, metric_shown
from conto.metering.store import Question, Span, place
from conto.metering.usage import WITH_MARKS, ChargePeriod, Result, View, asked, span_of, usage_so_far
from conto.schemas.encoding import instant
from conto.schemas.explanations import (
    CalculationLine,
    ExplainedEvents,
    ExplainedResult,
    ExplanationEvents,
    ExplanationParameters,
    IgnoredEvents,
    UnitsRounding,
    UsageExplanationObject,
)
from conto.schemas.usage import UsagePricingUnitDetails
from conto.subscriptions.queries import schedule_of, subscription
from conto.work import Work

SAMPLE = 10
"""Transaction ids that are told of events counted, or ignored for one reason."""
EXPLAINED = ("active", "terminated")
