"""The language in which a metric computes a value from an event (chapter 30 §2): read, evaluated, written.

evaluate(parse("round(event.properties.value * event.properties.units)"), event)
"""

from conto.core.expression.evaluation import EvaluationFailed, Event, Value, evaluate, written
from conto.core.expression.grammar import InvalidExpression, parse
from conto.core.expression.tree import Expression

__all__ = ["EvaluationFailed", "Event", "Expression", "InvalidExpression", "Value", "evaluate", "parse", "written"]
