"""The warehouse's statements, derived from contracts. Pure: text in, text out.

Written once, in what PostgreSQL 15+ and Redshift have in common: every statement parses in both dialects
(tests/warehouse). Redshift rules out: an alias of MERGE's target, conditions on WHEN, IS NOT DISTINCT FROM, ON COMMIT
DROP, CURRENT_TIMESTAMP (leader node only), unbounded TEXT (256 bytes there). COPY is the one statement that differs.

A table is loaded through two temporary ones: `landing_<t>` takes the rows as copied, `staging_<t>` one row per key.
"""

from catalog.contract import Contract
from catalog.schema import Field

TYPES = {
    "boolean": "BOOLEAN", "int": "INTEGER", "bigint": "BIGINT", "double": "DOUBLE PRECISION",
    "date": "DATE", "timestamp": "TIMESTAMP WITH TIME ZONE",
}  # fmt: skip
LONGEST = 65535  # bytes of Redshift's widest VARCHAR; nested columns are held as JSON text


def quoted(name: str) -> str:
    """An identifier that means itself in both dialects, whatever words they reserve."""
    return '"' + name.replace('"', '""') + '"'


def columns(names: tuple[str, ...], *, of: str = "") -> str:
    """`"a", "b"`, or `"of"."a", "of"."b"`."""
    prefix = f"{quoted(of)}." if of else ""
    return ", ".join(prefix + quoted(name) for name in names)


def column_type(field: Field, *, bytes_per_character: int = 1) -> str:
    """The column's type; a string without a length, and everything nested, is the widest VARCHAR.

    PostgreSQL counts a VARCHAR's characters, Redshift its bytes: 4 per character there, and what fits here fits there.
    """
    if field.base == "decimal":
        precision, scale = field.parameters or (38, 9)
        return f"DECIMAL({precision}, {scale})"
    if field.base == "string" and field.parameters:
        return f"VARCHAR({min(field.parameters[0] * bytes_per_character, LONGEST)})"
    return TYPES.get(field.base, f"VARCHAR({LONGEST})")


def create_table(contract: Contract, *, bytes_per_character: int = 1) -> str:
    """CREATE TABLE IF NOT EXISTS with types, nullability and primary key (on Redshift a hint to the planner only)."""
    lines = [_definition(field, bytes_per_character) for field in contract.schema.fields]
    if key := contract.schema.key():
        lines.append(f"PRIMARY KEY ({columns(key)})")
    return f"CREATE TABLE IF NOT EXISTS {quoted(contract.name)} (\n  " + ",\n  ".join(lines) + "\n)"


def create_landing(contract: Contract, *, bytes_per_character: int = 1) -> str:
    """The temporary table that COPY fills; it ends with the session."""
    lines = ",\n  ".join(_definition(field, bytes_per_character) for field in contract.schema.fields)
    return f"CREATE TEMPORARY TABLE {quoted(landing(contract))} (\n  {lines}\n)"


def copy_from_client(contract: Contract) -> str:
    """PostgreSQL: rows come over the connection as CSV; an empty field without quotes is null."""
    return f"COPY {quoted(landing(contract))} ({columns(contract.schema.names())}) FROM STDIN WITH (FORMAT CSV)"


def copy_from_s3(contract: Contract, *, url: str, iam_role: str) -> str:
    """Redshift: Parquet files under `url`; columns match by position, so the export keeps the contract's order."""
    return f"COPY {quoted(landing(contract))} FROM {_text(url)} IAM_ROLE {_text(iam_role)} FORMAT AS PARQUET"


def create_staging(contract: Contract, *, newest_by: str | None = None) -> str:
    """One row per key of what landed, the newest by a column when there are several: MERGE refuses doubles."""
    names, key = columns(contract.schema.names()), columns(contract.schema.key())
    order = f"{quoted(newest_by)} DESC" if newest_by else key
    return (
        f"CREATE TEMPORARY TABLE {quoted(staging(contract))} AS\nSELECT {names}\nFROM (\n"
        f"  SELECT {names}, ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {order}) AS copy_number\n"
        f"  FROM {quoted(landing(contract))}\n) AS ranked\nWHERE copy_number = 1"
    )


def drop_unchanged(contract: Contract, *, ignoring: str) -> str:
    """Take rows out of staging that the table has already, apart from one column: what is merged is what changed."""
    source, target = quoted(staging(contract)), quoted(contract.name)
    key = contract.schema.key()
    same = [f"{source}.{quoted(name)} = {target}.{quoted(name)}" for name in key]
    for name in contract.schema.names():
        if name not in (*key, ignoring):
            left, right = f"{source}.{quoted(name)}", f"{target}.{quoted(name)}"
            same.append(f"({left} = {right} OR ({left} IS NULL AND {right} IS NULL))")
    return f"DELETE FROM {source} USING {target}\nWHERE " + "\n  AND ".join(same)


def merge(contract: Contract, *, source: str | None = None) -> str:
    """Update by primary key what is there, insert what is not."""
    source = source or staging(contract)
    names, key = contract.schema.names(), contract.schema.key()
    on = " AND ".join(f"{quoted(contract.name)}.{quoted(name)} = {quoted(source)}.{quoted(name)}" for name in key)
    changes = ", ".join(f"{quoted(name)} = {quoted(source)}.{quoted(name)}" for name in names if name not in key)
    return (
        f"MERGE INTO {quoted(contract.name)} USING {quoted(source)} ON {on}\n"
        f"WHEN MATCHED THEN UPDATE SET {changes}\n"
        f"WHEN NOT MATCHED THEN INSERT ({columns(names)})\n  VALUES ({columns(names, of=source)})"
    )


def replace(contract: Contract, *, by: tuple[str, ...]) -> tuple[str, str]:
    """Delete every row that shares its `by` with a staged one (null equals null), then insert the staged rows."""
    source, target = quoted(staging(contract)), quoted(contract.name)
    names = columns(contract.schema.names())
    same = [_same(f"{target}.{quoted(name)}", f"{source}.{quoted(name)}", contract.schema[name]) for name in by]
    return (
        f"DELETE FROM {target} USING {source}\nWHERE {' AND '.join(same)}",
        f"INSERT INTO {target} ({names})\nSELECT {names}\nFROM {source}",
    )


def _same(one: str, other: str, field: Field) -> str:
    """Equality with null equal to null, as Redshift can say it (it has no IS NOT DISTINCT FROM)."""
    equal = f"{one} = {other}"
    return f"({equal} OR ({one} IS NULL AND {other} IS NULL))" if field.nullable else equal


def landing(contract: Contract) -> str:
    """Name of the temporary table of a dataset's rows as copied."""
    return f"landing_{contract.name}"


def staging(contract: Contract) -> str:
    """Name of the temporary table with one row per key."""
    return f"staging_{contract.name}"


def _definition(field: Field, bytes_per_character: int) -> str:
    kind = column_type(field, bytes_per_character=bytes_per_character)
    default = f" DEFAULT {_text(field.default)}" if field.default is not None else ""
    return f"{quoted(field.name)} {kind}{default}{'' if field.nullable else ' NOT NULL'}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
