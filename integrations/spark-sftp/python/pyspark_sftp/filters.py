"""
Filters that Spark hands over.

What is known of a file before it is read decides some of them; others go to the core, which leaves out row groups of parquet.
Filters are known by the names of their classes, which Spark has had since 4.1.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

Known = Mapping[tuple[str, ...], object]

_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "EqualTo": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqual": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqual": operator.le,
    "StringStartsWith": str.startswith,
    "StringEndsWith": str.endswith,
    "StringContains": operator.contains,
}
_WORDS = {
    "EqualTo": "in",
    "EqualNullSafe": "in",
    "In": "in",
    "GreaterThan": ">",
    "GreaterThanOrEqual": ">=",
    "LessThan": "<",
    "LessThanOrEqual": "<=",
    "StringStartsWith": "begins",
}


def column(one: Any) -> tuple[str, ...]:
    """The column that a filter looks at, in lower case."""
    return column(one.child) if _name(one) == "Not" else tuple(part.lower() for part in one.attribute)


def excludes(filters: Sequence[Any], known: Known) -> bool:
    """Whether a row with these values in these columns is left out, whatever is in the others."""
    return any(_holds(one, known[column(one)]) is not True for one in filters if column(one) in known)


def for_core(filters: Sequence[Any], columns: pa.Schema) -> list[tuple[str, str, pa.Array]]:
    """Filters on columns of files as the core takes them: the column, a word, and values of the column's type."""
    import pyarrow as pa

    names = {name.lower(): name for name in columns.names}
    found = []
    for one in filters:
        if len(column(one)) != 1 or (name := names.get(column(one)[0])) is None:
            continue
        values = [value for value in _values(one) if value is not None]
        if _name(one) == "IsNull" or (_name(one) == "EqualNullSafe" and not values):
            found.append((name, "null", pa.array([], columns.field(name).type)))
        elif _name(one) == "IsNotNull":
            found.append((name, "not null", pa.array([], columns.field(name).type)))
        elif values and (word := _WORDS.get(_name(one))):
            try:
                found.append((name, word, pa.array(values, columns.field(name).type)))
            except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
                continue
    return found


def _name(one: Any) -> str:
    return type(one).__name__


def _values(one: Any) -> list[object]:
    value: Any = getattr(one, "value", None)
    return list(value) if _name(one) == "In" else [value]


def _holds(one: Any, value: Any) -> bool | None:
    """Whether a filter holds of a value; None where SQL says null."""
    match _name(one):
        case "Not":
            holds = _holds(one.child, value)
            return None if holds is None else not holds
        case "IsNull":
            return value is None
        case "IsNotNull":
            return value is not None
        case "EqualNullSafe":
            return bool(value == one.value)
        case "In":
            found = value is not None and value in one.value
            return found or (None if value is None or None in one.value else False)
        case name:
            return None if value is None or one.value is None else _COMPARED[name](value, one.value)
