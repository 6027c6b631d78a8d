"""Statements about catalogs, schemas and volumes, which are the metastore's, the same for every backend: SHOW, USE, DESCRIBE, CREATE and
DROP of them. What a backend has in a schema it is asked for: `tables`, `columns`."""

import base64
from urllib.parse import quote

import results
import sqlglot
from errors import Refused, missing_catalog, missing_schema, missing_table
from words import Words, pattern

API = "/api/2.1/unity-catalog"


class Session:
    """Where a statement runs: its catalog and schema, and the metastore's catalogs."""

    def __init__(self, run):
        self.run, self.order, self.connection = run, run.order, run.connection
        self.catalogs = run.order["catalogs"]
        self.user = run.order["user"]
        self.catalog = (run.order["catalog"] or run.order["default_catalog"]).lower()
        self.schema = (run.order["schema"] or "default").lower()
        if run.order["catalog"] or run.order["schema"]:
            # Where it is told to run is there, whatever it does.
            self.place(None, None)

    def place(self, catalog, schema):
        """A catalog and a schema that there are, by the names in a statement."""
        catalog, schema = (catalog or self.catalog).lower(), (schema or self.schema).lower()
        if catalog not in self.catalogs:
            raise missing_catalog(catalog)
        if schema not in self.catalogs[catalog]["schemas"] and schema != "information_schema":
            raise missing_schema(f"{catalog}.{schema}")
        return catalog, schema

    def key(self, catalog):
        """The backend's name of a catalog."""
        return self.catalogs[catalog]["key"]

    def information(self, catalog, name):
        """A view of `information_schema`: its columns and its rows."""
        schemas = sorted(self.catalogs[catalog]["schemas"])
        if name.lower() == "schemata":
            return ["catalog_name", "schema_name"], [(catalog, schema) for schema in schemas]
        if name.lower() not in ("tables", "columns"):
            raise missing_table(f"{catalog}.information_schema.{name}", self.order)
        key = self.key(catalog)
        found = [(schema, table, is_view) for schema in schemas for table, is_view in self.connection.tables(key, schema)]
        if name.lower() == "tables":
            kind = lambda is_view: "VIEW" if is_view else "MANAGED"
            names = ["table_catalog", "table_schema", "table_name", "table_type"]
            return names, [(catalog, schema, table, kind(is_view)) for schema, table, is_view in found]
        names = ["table_catalog", "table_schema", "table_name", "column_name", ("ordinal_position", "INT"), "is_nullable", "data_type"]
        rows = []
        for schema, table, _ in found:
            for at, (column, kind, is_nullable) in enumerate(self.connection.columns(key, schema, table)):
                rows.append((catalog, schema, table, column, at, "YES" if is_nullable else "NO", kind.text))
        return names, rows

    def ask(self, method, path, body=None):
        """A call of the catalog's API that a statement is made of."""
        status, answer = self.run.ask(method, path, body)
        if status >= 300:
            code = answer.get("error_code", "INTERNAL_ERROR")
            raise Refused(f"UC_{code}" if code else "UC", answer.get("message", ""), "42000")
        return answer


# What a statement answers that tells nothing.
NOTHING = (["result"], [])


def executed(run):
    """What the API tells of a statement's result, and where the session is afterwards."""
    session = Session(run)
    rows = served(session)
    outcome = results.table(run, *rows) if rows is not None else session.connection.execute(session)
    return {**outcome, "catalog": session.catalog, "schema": session.schema}


def served(session):
    """The columns and the rows of a statement about the catalog; nothing for any other."""
    try:
        words = Words(session.order["statement"])
    except sqlglot.errors.TokenError:
        return None
    for start, handler in HANDLERS:
        if words.take(*start):
            rows = handler(session, words)
            words.end()
            return rows
    return None


def show_catalogs(session, words):
    like = pattern(words)
    return ["catalog"], [(name,) for name in sorted(session.catalogs) if like(name)]


def show_schemas(session, words):
    catalog = words.name()[-1] if words.take("IN") or words.take("FROM") else session.catalog
    if catalog not in session.catalogs:
        raise missing_catalog(catalog)
    like = pattern(words)
    return ["databaseName"], [(name,) for name in sorted(session.catalogs[catalog]["schemas"]) if like(name)]


def within(session, words):
    """The catalog and the schema after IN."""
    if words.take("IN") or words.take("FROM"):
        parts = words.name()
        return session.place(parts[-2] if len(parts) > 1 else None, parts[-1])
    return session.place(None, None)


def show_tables(session, words):
    catalog, schema = within(session, words)
    like = pattern(words)
    found = sorted(session.connection.tables(session.key(catalog), schema))
    return ["database", "tableName", ("isTemporary", "BOOLEAN")], [(schema, name, False) for name, _ in found if like(name)]


def show_volumes(session, words):
    catalog, schema = within(session, words)
    like = pattern(words)
    found = session.ask("GET", f"{API}/volumes?catalog_name={catalog}&schema_name={schema}").get("volumes", [])
    return ["database", "volume_name"], [(schema, one["name"]) for one in found if like(one["name"])]


def use_catalog(session, words):
    name = words.name()[-1]
    if name not in session.catalogs:
        raise missing_catalog(name)
    session.catalog, session.schema = name, "default"
    return NOTHING


def use_schema(session, words):
    parts = words.name()
    session.catalog, session.schema = session.place(parts[-2] if len(parts) > 1 else None, parts[-1])
    return NOTHING


def comment(words):
    """What else a CREATE says: its comment."""
    said = ""
    while words.peek():
        if words.take("COMMENT"):
            said = words.one()
        else:
            words.one()
    return said


def create(session, words, there, path, body, what):
    already = words.take("IF", "NOT", "EXISTS")
    parts = words.name()
    body = {**body(session, parts), "comment": comment(words)}
    if there(session, parts):
        if already:
            return NOTHING
        name = ".".join(parts)
        message = f"Cannot create {what.lower()} `{name}` because it already exists."
        raise Refused(f"{what}_ALREADY_EXISTS", message, "42P06" if what == "SCHEMA" else "42710")
    session.ask("POST", f"{API}/{path}", {key: value for key, value in body.items() if value != ""})
    return NOTHING


def schema_of(session, parts):
    catalog = parts[-2] if len(parts) > 1 else session.catalog
    if catalog not in session.catalogs:
        raise missing_catalog(catalog)
    return catalog, parts[-1]


def has_schema(session, parts):
    catalog, schema = schema_of(session, parts)
    return schema in session.catalogs[catalog]["schemas"]


def create_catalog(session, words):
    there = lambda session, parts: parts[-1] in session.catalogs
    return create(session, words, there, "catalogs", lambda _, parts: {"name": parts[-1]}, "CATALOG")


def create_schema(session, words):
    def body(session, parts):
        catalog, schema = schema_of(session, parts)
        return {"name": schema, "catalog_name": catalog}

    return create(session, words, has_schema, "schemas", body, "SCHEMA")


def create_volume(session, words):
    def body(session, parts):
        catalog, schema = session.place(parts[-3] if len(parts) > 2 else None, parts[-2] if len(parts) > 1 else None)
        return {"name": parts[-1], "catalog_name": catalog, "schema_name": schema, "volume_type": "MANAGED"}

    def there(session, parts):
        one = body(session, parts)
        status, _ = session.run.ask("GET", f"{API}/volumes/{one['catalog_name']}.{one['schema_name']}.{one['name']}")
        return status == 200

    return create(session, words, there, "volumes", body, "VOLUME")


def create_connection(session, words):
    name = words.name()[-1]
    if not words.take("TYPE"):
        words.end()
    kind = words.one()
    body = {"name": name, "connection_type": kind.upper(), "options": connection_options(session, words), "comment": comment(words)}
    session.ask("POST", f"{API}/connections", {key: value for key, value in body.items() if value != ""})
    return NOTHING


def alter_connection(session, words):
    path = f"{API}/connections/{words.name()[-1]}"
    words.take("SET")
    if words.take("OWNER", "TO"):
        change = {"owner": words.one()}
    elif words.take("RENAME", "TO"):
        change = {"new_name": words.one()}
    else:
        change = {"options": connection_options(session, words)}
    # The API wants the options whatever changes.
    session.ask("PATCH", path, {"options": session.ask("GET", path).get("options", {}), **change})
    return NOTHING


def connection_options(session, words):
    """`OPTIONS (host 'h', user secret('scope', 'key'))`: what the secrets hold goes to the catalog, and nowhere else."""
    options = {}
    if not words.take("OPTIONS", "("):
        words.end()
    while not words.take(")"):
        name = words.one()
        if words.take("SECRET", "("):
            scope = words.one()
            words.take(",")
            found = session.ask("GET", f"/api/2.0/secrets/get?scope={quote(scope)}&key={quote(words.one())}")
            options[name] = base64.b64decode(found["value"]).decode()
            words.take(")")
        else:
            options[name] = words.one()
        words.take(",")
    return options


def drop_catalog(session, words):
    lenient = words.take("IF", "EXISTS")
    name = words.name()[-1]
    force = words.take("CASCADE")
    words.take("RESTRICT")
    if name not in session.catalogs:
        if lenient:
            return NOTHING
        raise missing_catalog(name)
    session.ask("DELETE", f"{API}/catalogs/{name}?force={str(force).lower()}")
    return NOTHING


def drop_schema(session, words):
    lenient = words.take("IF", "EXISTS")
    parts = words.name()
    force = words.take("CASCADE")
    words.take("RESTRICT")
    catalog, schema = schema_of(session, parts)
    if schema not in session.catalogs[catalog]["schemas"]:
        if lenient:
            return NOTHING
        raise missing_schema(f"{catalog}.{schema}")
    key = session.key(catalog)
    if session.connection.tables(key, schema) and not force:
        message = (
            f"Cannot drop a schema `{schema}` because it contains objects. Use DROP SCHEMA ... CASCADE to drop the schema and all its "
            "objects."
        )
        raise Refused("SCHEMA_NOT_EMPTY", message, "2BP01")
    session.ask("DELETE", f"{API}/schemas/{catalog}.{schema}?force={str(force).lower()}")
    session.connection.drop_schema(key, schema)
    return NOTHING


def drop_volume(session, words):
    lenient = words.take("IF", "EXISTS")
    parts = words.name()
    catalog, schema = session.place(parts[-3] if len(parts) > 2 else None, parts[-2] if len(parts) > 1 else None)
    status, answer = session.run.ask("DELETE", f"{API}/volumes/{catalog}.{schema}.{parts[-1]}")
    if status >= 300 and not (lenient and status == 404):
        raise Refused("VOLUME_NOT_FOUND", answer.get("message", ""), "42704")
    return NOTHING


def describe_catalog(session, words):
    words.take("EXTENDED")
    name = words.name()[-1]
    if name not in session.catalogs:
        raise missing_catalog(name)
    of = session.catalogs[name]
    rows = [("Catalog Name", name), ("Comment", of.get("comment", "")), ("Owner", of.get("owner", ""))]
    return ["info_name", "info_value"], rows


def describe_schema(session, words):
    words.take("EXTENDED")
    catalog, schema = schema_of(session, words.name())
    session.place(catalog, schema)
    rows = [("Catalog Name", catalog), ("Namespace Name", schema)]
    return ["database_description_item", "database_description_value"], rows


def describe_table(session, words):
    words.take("TABLE")
    words.take("EXTENDED")
    text = lambda kind: kind.text.lower().replace(", ", ",").replace(": ", ":")
    return ["col_name", "data_type", "comment"], [(name, text(kind), None) for name, kind, _ in described(session, words)]


def described(session, words):
    """The columns of a table whose name comes next."""
    parts = words.name()
    catalog, schema = session.place(parts[-3] if len(parts) > 2 else None, parts[-2] if len(parts) > 1 else None)
    return session.connection.columns(session.key(catalog), schema, parts[-1])


def show_columns(session, words):
    if not (words.take("IN") or words.take("FROM")):
        words.end()
    return ["col_name"], [(name,) for name, _, _ in described(session, words)]


def nothing(_, words):
    """What has no meaning here: upkeep of tables, settings, grants."""
    words.rest()
    return NOTHING


HANDLERS = [
    (("SHOW", "CATALOGS"), show_catalogs),
    (("SHOW", "SCHEMAS"), show_schemas),
    (("SHOW", "DATABASES"), show_schemas),
    (("SHOW", "TABLES"), show_tables),
    (("SHOW", "COLUMNS"), show_columns),
    (("SHOW", "VOLUMES"), show_volumes),
    (("USE", "CATALOG"), use_catalog),
    (("USE", "SCHEMA"), use_schema),
    (("USE", "DATABASE"), use_schema),
    (("USE",), use_schema),
    (("CREATE", "CATALOG"), create_catalog),
    (("CREATE", "SCHEMA"), create_schema),
    (("CREATE", "DATABASE"), create_schema),
    (("CREATE", "VOLUME"), create_volume),
    (("CREATE", "CONNECTION"), create_connection),
    (("ALTER", "CONNECTION"), alter_connection),
    (("DROP", "CATALOG"), drop_catalog),
    (("DROP", "SCHEMA"), drop_schema),
    (("DROP", "DATABASE"), drop_schema),
    (("DROP", "VOLUME"), drop_volume),
    (("DESCRIBE", "CATALOG"), describe_catalog),
    (("DESC", "CATALOG"), describe_catalog),
    (("DESCRIBE", "SCHEMA"), describe_schema),
    (("DESCRIBE", "DATABASE"), describe_schema),
    (("DESC", "SCHEMA"), describe_schema),
    (("DESCRIBE",), describe_table),
    (("DESC",), describe_table),
    (("OPTIMIZE",), nothing),
    (("VACUUM",), nothing),
    (("ANALYZE",), nothing),
    (("SET",), nothing),
]
