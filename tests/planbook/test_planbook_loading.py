"""Every fault of a plan book is told with file, line, field and mend; nothing is changed by being read."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from jsonschema import Draft202012Validator

from benehub import planbook
from benehub.errors import ConfigError
from benehub.planbook.source import MAX_CHARACTERS, read

Changed = Callable[..., str]


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        planbook.load(text, "book.yaml")
    return str(caught.value).splitlines()[1:]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_example_loads_without_findings(example: str) -> None:
    assert planbook.check(planbook.load(example, "book.yaml")) == []


def test_schema_is_json_and_validates_the_example(example: str) -> None:
    schema = json.loads(json.dumps(planbook.schema()))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(read(example, "book.yaml").data)


def test_schema_takes_numbers_as_editors_read_them_and_refuses_unknown_fields(example: str) -> None:
    data = read(example, "book.yaml").data
    data["plans"][0]["rates"][0]["tiers"]["EE"] = 612.5
    validator = Draft202012Validator(planbook.schema())
    assert validator.is_valid(data)
    data["plans"][0]["ratez"] = []
    assert not validator.is_valid(data)


def test_unknown_field_names_its_line_and_the_field_meant(changed: Changed) -> None:
    text = changed("premium_due_day: 1", "premium_due_dai: 1")
    line = line_of(text, "premium_due_dai")
    assert faults(text) == [
        f"book.yaml:{line}: carriers.northstar.premium_due_dai: is no field here. Did you mean premium_due_day?"
    ]


def test_unknown_field_far_from_any_other_lists_the_known_ones(changed: Changed) -> None:
    (told,) = faults(changed("catch_up: true", "zzz: true"))
    assert "plans.401k.deferral.zzz" in told and "pretax_code, roth_code, loan_code, catch_up" in told


def test_all_faults_are_told_in_the_order_of_the_file(example: str) -> None:
    text = example.replace("  payroll: gusto\n", "").replace("EE: 612.50", "EE: 612.505")
    text = text.replace("days: [15, last]", "days: [0, last]").replace("benefit_type: dental", "benefit_type: dentl")
    told = faults(text)
    assert [line.split(": ")[1] for line in told] == [
        "roles.payroll",
        "pay_groups.semimonthly.days[0]",
        "plans.ppo.rates.2026-01-01.tiers.EE",
        "plans.dental.benefit_type",
    ]
    assert f"book.yaml:{line_of(text, '612.505')}:" in told[2]
    assert "612.505" not in told[2]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("min_weekly_hours: 30", "min_weekly_hours: thirty", "is no whole number"),
        ("catch_up: true", "catch_up: maybe", "is neither true nor false"),
        ("classes: [full_time]", "classes: full_time", "has to be a list"),
        ("percent: 80%", "percent: 80%\n      defined: [5]", "has to be a group of fields"),
        ("code: DENTAL", "code: 3040", "in quotes where it looks like a number"),
        ("waiting: {days: 30}", "waiting: {days: -3}", "is below 0. Write 0 or more"),
        ("per_month: 2", "per_month: 9", "is above 5. Write 5 or less"),
        ("EC: 1163.75", "KIDS: 1163.75", "Choose one of 'EE', 'ES', 'EC', 'FAM'"),
        ("EE: 612.50", "EE: -612.50", "a premium below 0"),
        ("effective_from: 2026-01-01", "effective_from: 1/1/2026", "Write it as YYYY-MM-DD"),
        ("effective_from: 2026-01-01", "effective_from: 2026-13-01", "Write it as YYYY-MM-DD"),
        ("days: [15, last]", "days: []", "semimonthly pay with 0 days"),
        ("cap_hours: 120", "cap_hours: -120", "cap_hours: has to be greater than or equal to 0"),
        ("taken_code: PTO", "taken_code: DENTAL", "used by plan dental already"),
        ("flat: 20.00", "flat: 20.00\n      min_employee: -5", "a share below 0"),
        ("flat: 20.00", "flat: 20.00\n      min_employee: 9\n      max_employee: 5", "below the least"),
        ("    name: Northstar PPO 500\n", "    name: A\n    name: B\n", "stands here twice"),
        ("    carrier: northstar\n    effective", "\tcarrier: northstar\n    effective", "never tabs"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_mend(changed: Changed, old: str, new: str, says: str) -> None:
    told = faults(changed(old, new))
    assert any(says in line for line in told), told
    assert all(line.startswith("book.yaml:") and line.split(":")[1].isdecimal() for line in told)


def test_plans_that_are_none_are_told(example: str) -> None:
    text = example[: example.index("plans:")] + "plans: []\n"
    (told,) = faults(text)
    assert told.endswith("plans: is empty. Give at least one, or see what belongs here: `benehub plan schema`")


def test_a_country_without_a_calendar_is_a_warning(changed: Changed) -> None:
    (found,) = planbook.check(planbook.load(changed("country: US", "country: BR"), "book.yaml"))
    assert (found.severity, found.path) == ("warning", ("employer", "country")) and "euro country" in found.mend


def test_a_carrier_nearly_named_as_one_with_terms_is_a_warning(changed: Changed) -> None:
    book = planbook.load(changed("carrier: brightsmile", "carrier: brightsmle"), "book.yaml")
    (found,) = planbook.check(book)
    assert (found.severity, found.path[-1]) == ("warning", "carrier") and "'brightsmile' has" in found.text


def test_a_date_that_is_none_is_told_plainly(changed: Changed) -> None:
    (told,) = faults(changed("first_pay_date: 2026-01-09", "first_pay_date: 2026-02-30"))
    assert told.endswith("pay_groups.biweekly.first_pay_date: is no date. Write it as YYYY-MM-DD")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("employer:\n\tid: acme\n", 2, "Use spaces, never tabs"),
        ("employer: {id: acme\n", 2, "layout"),
        ("", 1, "is empty"),
        ("a: 1\nb: 2\na: 3\n", 3, "stands here twice"),
        ("a: &x 1\nb: *x\n", 1, "anchor"),
        ("a: !!python/name:os.system 1\n", 1, "tag"),
        ("a: !thing 1\n", 1, "tag"),
        ("a: 1\n---\nb: 1\n", 2, "layout"),
        ("a: \x07\n", 1, "special characters"),
        ("a: " + "[" * 40 + "]" * 40, 1, "levels deep"),
        ("[" * 20_000, 1, "levels deep"),
        ("? [a]\n: 1\n", 1, "as a name"),
    ],
)
def test_bad_yaml_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    told = faults(text)
    assert told[0].startswith(f"book.yaml:{line}: ")
    assert says in told[0]


@pytest.mark.parametrize("text", ["[]", "just words", "42"])
def test_what_is_no_map_is_refused(text: str) -> None:
    (told,) = faults(text)
    assert told.startswith("book.yaml:1: the file: ")


def test_a_file_too_large_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(ConfigError, match="characters"):
        planbook.load("#" * (MAX_CHARACTERS + 1), "book.yaml")


def test_values_are_not_changed_by_being_read() -> None:
    text = 'a: 612.50\nb: 2026-01-01\nc: NO\nd: 007\ne: "12"\nf: 12\ng: 1:30\nh: true\ni:\nj: 1e3\n'
    assert read(text, "x").data == {
        "a": "612.50", "b": "2026-01-01", "c": "NO", "d": "007", "e": "12",
        "f": 12, "g": "1:30", "h": True, "i": None, "j": "1e3",
    }  # fmt: skip


def test_stored_json_of_a_book_loads_as_the_same_version(example: str) -> None:
    book = planbook.load(example, "book.yaml")
    again = planbook.load(json.dumps(book.model_dump(mode="json", by_alias=True)), "stored")
    assert again.version == book.version
    assert again == book


def test_a_time_zone_is_an_iana_name(example: str) -> None:
    book = planbook.load(example.replace("timezone: America/Chicago", "timezone: Europe/Berlin", 1), "b")
    assert book.employer.timezone == "Europe/Berlin"
    for wrong in ("Chicago", "../etc/passwd", "CST9", '""'):
        (fault,) = faults(example.replace("timezone: America/Chicago", f"timezone: {wrong}", 1))
        assert "America/Chicago" in fault
