"""What each kind of change means to each engine, as data: three letters, one per direction, and the source.

The letters are B breaking, M may break, C compatible, ? cannot tell, for a new reader of old data, an old reader of new
data, and the table that has to follow. An engine without a row of its own takes the first table. `column.added!` is a
new column that must be filled and has no default. Types are in `promotion`, JSON documents in `document`.
"""

from collections.abc import Mapping

from catalog.drift.promotion import LETTER, SOURCE
from catalog.wire import Word

COMMON = """
C C C  dataset.added column.added column.moved default.added open.allowed open.refused sort.added check.added
C C C  check.strengthened description.added description.changed description.removed owner.added owner.changed
C C C  owner.removed pii.added pii.removed tag.added tag.removed
C C M  partition.added partition.removed partition.changed
C M C  null.allowed required.removed default.changed default.removed enum.value_added enum.removed bound.loosened
C M C  key.removed unique.removed sort.removed sort.changed check.removed check.weakened check.changed
M C M  column.added! null.forbidden required.added enum.value_removed enum.added bound.tightened key.added unique.added
M M M  bound.changed key.changed
C B B  dataset.dropped column.dropped
B B C  column.renamed
? ? ?  column.perhaps_renamed
"""
OWN: Mapping[str, tuple[str, str]] = {
    # Columns are found by name, a missing one reads as null, nullability is not enforced on reading files.
    "spark": ("https://spark.apache.org/docs/latest/sql-data-sources-parquet.html#schema-merging", """
        C M C  column.dropped
        M M M  column.renamed
        M C C  column.added! null.forbidden required.added
        M M B  partition.added partition.removed partition.changed
    """),
    # Columns are found by id: a rename or a move touches no file; required needs a default that old rows get.
    "iceberg": ("https://iceberg.apache.org/spec/#schema-evolution", """
        B C B  column.added! null.forbidden required.added
        C B C  column.dropped column.renamed
        C C C  key.added key.removed key.changed partition.added partition.removed partition.changed
    """),
    # ADD COLUMN NOT NULL needs a default when there are rows; SET NOT NULL and a key fail on rows that break them.
    "postgres": ("https://www.postgresql.org/docs/18/sql-altertable.html", """
        B C B  column.added!
        C C B  partition.added partition.removed partition.changed
    """),
    # Only VARCHAR grows in place; NOT NULL and DEFAULT are fixed at ADD COLUMN; COPY from Parquet goes by position.
    "redshift": ("https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html", """
        C M C  column.added key.changed
        B M B  column.added!
        M M M  column.moved
        C M B  null.allowed required.removed default.changed
        B C B  null.forbidden required.added
        C C B  default.added default.removed
        C C C  key.added key.removed
    """),
    # Fields of a hash are found by name, keys by their pattern; old entries stay until they are written anew.
    "redis": ("https://redis.io/docs/latest/develop/data-types/hashes/", """
        M C C  column.added! null.forbidden required.added
        B B C  column.renamed key.added key.removed key.changed
    """),
    # A table that follows its producer: new columns are made nullable, so that only a column made NOT NULL can fail.
    "table": (SOURCE["sql"], """
        C C C  column.added!
        B B B  column.renamed
        B C B  null.forbidden required.added
    """),
}  # fmt: skip
PLAIN = "https://www.postgresql.org/docs/18/ddl-alter.html"
Row = tuple[Word, Word, Word]


def _rows(text: str) -> dict[str, Row]:
    lines = (line.split() for line in text.strip().splitlines())
    return {rule: (LETTER[new], LETTER[old], LETTER[table]) for new, old, table, *rules in lines for rule in rules}


ROWS: Mapping[str, Mapping[str, Row]] = {
    "": _rows(COMMON),
    **{engine: _rows(text) for engine, (_, text) in OWN.items()},
}
"""Per engine; "" is what holds for all."""


def effect(engine: str, rule: str) -> tuple[Row, str]:
    """The three words of a rule in an engine, and the source they are from."""
    if engine in OWN and rule in ROWS[engine]:
        return ROWS[engine][rule], OWN[engine][0]
    return ROWS[""][rule], PLAIN
