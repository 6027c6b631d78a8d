"""Types as the Statement Execution API tells them, whatever engine has them."""

from dataclasses import dataclass

from errors import Refused

# Types by their names in SQL, and the API's word for each. What is not here is told as SQL has it.
WORDS = {"TINYINT": "BYTE", "SMALLINT": "SHORT", "BIGINT": "LONG", "TIMESTAMP_NTZ": "TIMESTAMP", "VOID": "NULL"}

# Types of parameters that SQL calls otherwise.
OTHERWISE = {"BYTE": "TINYINT", "INTEGER": "INT", "LONG": "BIGINT", "NULL": "STRING", "SHORT": "SMALLINT", "VOID": "STRING"}
# And the others, but for decimals and intervals.
PARAMETERS = {"BIGINT", "BINARY", "BOOLEAN", "DATE", "DOUBLE", "FLOAT", "INT", "SMALLINT", "STRING", "TIMESTAMP", "TIMESTAMP_NTZ", "TINYINT"}


@dataclass(frozen=True)
class Kind:
    """A type: in the API's word, and as SQL writes it: `ARRAY<INT>`."""

    name: str
    text: str
    precision: int | None = None
    scale: int | None = None

    @property
    def is_nested(self):
        return self.name in ("ARRAY", "MAP", "STRUCT")


def scalar(text):
    # An interval says in SQL what it counts.
    return Kind("INTERVAL" if text.startswith("INTERVAL") else WORDS.get(text, text), text)


def decimal(precision, scale):
    return Kind("DECIMAL", f"DECIMAL({precision},{scale})", precision, scale)


def array(of):
    return Kind("ARRAY", f"ARRAY<{of.text}>")


def map_of(key, value):
    return Kind("MAP", f"MAP<{key.text}, {value.text}>")


def struct(fields):
    return Kind("STRUCT", "STRUCT<" + ", ".join(f"{name}: {of.text}" for name, of in fields) + ">")


def column(name, position, kind):
    """A column of a result."""
    told = {"name": name, "type_text": kind.text, "type_name": kind.name, "position": position}
    if kind.precision is not None:
        told.update(type_precision=kind.precision, type_scale=kind.scale)
    return told


def parameter(given):
    """The type of a parameter, as SQL writes it."""
    kind = (given.get("type") or "STRING").strip().upper()
    kind = OTHERWISE.get(kind, kind)
    if kind.startswith(("DECIMAL", "NUMERIC")):
        return kind if "(" in kind else "DECIMAL(10,0)"
    if kind not in PARAMETERS and not kind.startswith("INTERVAL"):
        raise Refused("UNSUPPORTED_DATATYPE", f'Unsupported data type "{kind}".', "0A000")
    return kind
