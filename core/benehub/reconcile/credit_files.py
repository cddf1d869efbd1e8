"""Two files against each other without a hub: what was sent to a recordkeeper and what it says it credited.

The same classes as the retirement relation, of any number of rows at once, in sets: the files are scanned by columns,
amounts are exact, and only what differs becomes rows. Where the hub itself is run, `reconcile retirement` is the way:
it knows what payroll took, and it keeps what it finds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benehub.errors import DataError, FormatError

if TYPE_CHECKING:
    import polars as pl

KEY = ("ssn", "plan", "source", "pay_date")
"""Columns that both files have; beside them `amount`, and in the credits `trade_date`."""
FOUND = (*KEY, "type", "sent", "credited", "credits", "traded")
"""Columns of the answer; amounts in minor units, `traded` the last day of a credit."""
_MONEY = r"^-?[0-9]{1,15}(\.[0-9]{2})?$"


def compare(sent: Path, credited: Path, due_days: int) -> pl.DataFrame:
    """Every participant, source and pay date on which the files differ, with its type, by key.

    Args:
        sent: columns `ssn,plan,source,pay_date,amount`, others are left alone.
        credited: a recordkeeper's credits: the same and `trade_date`.
        due_days: calendar days after the pay date in which the trust has to have the money.

    Raises:
        DataError: a file is not there, or an amount or day is none; says which file and column.
        FormatError: a column is missing.
    """
    import polars as pl

    ours = _read(sent, ("amount",)).group_by(KEY).agg(pl.col("amount").sum().alias("sent"))
    theirs = (
        _read(credited, ("amount", "trade_date"))
        .group_by(KEY)
        .agg(
            pl.col("amount").sum().alias("credited"), pl.len().alias("credits"),
            pl.col("trade_date").max().alias("traded"),
        )
    )  # fmt: skip
    both = ours.join(theirs, on=KEY, how="full", coalesce=True).with_columns(
        pl.col("sent").fill_null(0), pl.col("credited").fill_null(0), pl.col("credits").fill_null(0)
    )
    late = pl.col("traded") > pl.col("pay_date") + pl.duration(days=due_days)
    differing = both.filter((pl.col("sent") != pl.col("credited")) | late)
    try:
        found = differing.collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        _refuse_odd(sent)
        _refuse_odd(credited)
        raise DataError(
            "a day is none or a row has other columns", where=f"{sent.name}, {credited.name}",
            mend="Write days as 2026-11-13 and give every row the header's columns",
        ) from error  # fmt: skip
    return _classified(found.with_columns(pl.col("plan", "source").cast(pl.String)), late)


def _read(path: Path, columns: tuple[str, ...]) -> pl.LazyFrame:
    """The columns that matter, typed; amounts as whole minor units."""
    import polars as pl

    if not path.is_file():
        raise DataError("there is no such file", where=str(path), mend="Check the name and the working folder")
    wanted = (*KEY, *columns)
    have = pl.scan_csv(path, infer_schema=False).collect_schema().names()
    if missing := [name for name in wanted if name not in have]:
        raise FormatError(
            f"missing {missing}", where=path.name, mend=f"Name the columns {', '.join(wanted)}", position=1
        )
    days = [name for name in ("pay_date", "trade_date") if name in wanted]
    text = pl.col("amount")
    whole = pl.when(text.str.contains(".", literal=True)).then(text).otherwise(text + ".00")
    # What is no amount becomes text that no number can be made of, so that nothing is read twice to look for it.
    sure = pl.when(text.str.contains(_MONEY)).then(whole.str.replace(".", "", literal=True)).otherwise(pl.lit("none"))
    return (
        pl.scan_csv(path, infer_schema=False)
        .select(wanted)
        .with_columns(
            sure.cast(pl.Int64).alias("amount"), *(pl.col(name).str.to_date("%Y-%m-%d").alias(name) for name in days),
            # A few words that stand in every row: kept as numbers, a quarter of the memory less.
            *(pl.col(name).cast(pl.Categorical).alias(name) for name in ("plan", "source")),
        )
    )  # fmt: skip


def _refuse_odd(path: Path) -> None:
    """Raise where amounts are what makes a file unreadable; says how many."""
    import polars as pl

    amount = pl.col("amount")
    odd = pl.scan_csv(path, infer_schema=False).filter(~amount.str.contains(_MONEY) | amount.is_null())
    try:
        count = odd.select(pl.len()).collect(engine="streaming").item()
    except pl.exceptions.PolarsError:
        return
    if count:
        raise DataError(
            f"{count} amounts are none",
            where=f"{path.name}, column amount",
            mend="Write them as 1234.56, without signs",
        )


def _classified(found: pl.DataFrame, late: pl.Expr) -> pl.DataFrame:
    """The type of each row; pre-tax credited as Roth, or the reverse, is one row of the source that is short."""
    import polars as pl

    sent, credited, credits = pl.col("sent"), pl.col("credited"), pl.col("credits")
    gap = credited - sent
    other = pl.col("source").replace({"EE_PRETAX": "EE_ROTH", "EE_ROTH": "EE_PRETAX"})
    twins = found.select(
        "ssn", "plan", "pay_date", pl.col("source").alias("other"), gap.alias("gap"), pl.lit(True).alias("twin")
    )
    paired = (
        found.with_columns(gap.alias("gap"), other.alias("other"), (-gap).alias("offset"))
        .join(
            twins.filter(pl.col("other").is_in(["EE_PRETAX", "EE_ROTH"]) & (pl.col("gap") != 0)),
            left_on=("ssn", "plan", "pay_date", "other", "offset"),
            right_on=("ssn", "plan", "pay_date", "other", "gap"), how="left",
        )
        .with_columns(pl.col("twin").fill_null(False))
        .filter(~(pl.col("twin") & (pl.col("gap") > 0)))
    )  # fmt: skip
    kind = (
        pl.when(pl.col("twin")).then(pl.lit("WRONG_SOURCE"))
        .when(pl.col("gap") == 0).then(pl.lit("LATE"))
        .when(sent == 0).then(pl.lit("UNKNOWN_PARTICIPANT"))
        .when(credits == 0).then(pl.lit("DEPOSITED_NOT_CREDITED"))
        .when((credits > 1) & (credited == sent * credits)).then(pl.lit("DUPLICATE_CREDIT"))
        .when(pl.col("gap") < 0).then(pl.lit("CREDITED_SHORT"))
        .otherwise(pl.lit("CREDITED_OVER"))
    )  # fmt: skip
    return paired.with_columns(kind.alias("type")).select(FOUND).sort(KEY)
