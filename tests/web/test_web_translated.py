"""What the program says in English stands on pages in the reader's language, and no page asks for a command."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta, timezone

import pytest
from sqlalchemy import select
from tests.web.conftest import Desk, caller_of
from tests.web.said_in_code import said, steps

from benehub.access import Permission, Role
from benehub.cli.menu import MENU
from benehub.store.tables import difference, dispatch, person, run
from benehub.views.why.answer import Answer
from benehub.web import why as asking
from benehub.web.commands import PLACES, places
from benehub.web.translated import HOLE, Template, texts, translated
from benehub.web.words import Words

COMMAND = re.compile(rf"benehub (?:{'|'.join(MENU)})\b|(?<![\w-])--[a-z]{{2,}}")
SPOKEN = sorted(said())
GERMAN = texts("de")


def test_every_text_of_the_code_has_its_words() -> None:
    assert len(SPOKEN) > 500
    assert [one for one in SPOKEN if one not in GERMAN and not known(one)] == []


def test_every_note_of_a_connector_has_its_words(read_desk: Desk) -> None:
    capabilities = [one for made in read_desk.hub.connectors.values() for one in made().capabilities()]
    notes = {one.note for one in capabilities if one.note}
    assert len(notes) > 40
    assert [one for one in sorted(notes) if translated(one, "de") == one] == []


def test_every_step_of_a_rule_has_its_words() -> None:
    """A rule says its own code for what it does: what `why` tells of it is German, but for the names in it."""
    told = {one: translated(one, "de") for one in steps()}
    assert len(told) > 80
    plain = {one for one in told if not re.search(r"[a-z]{3,}", one)}
    assert sorted(one for one in told.keys() - plain if told[one] == one or words_left(one, told[one])) == []


def words_left(english: str, german: str) -> set[str]:
    """Words of a text that stand in its translation, too, and are no name, code or word of both languages."""
    both = {"half_up", "in", "partner", "plan"}
    kept = set(re.findall(r"(?<![\w(])[a-z]{2,}", german.lower())) & set(re.findall(r"[a-z]{2,}", english))
    return kept - both


def known(text: str) -> bool:
    """Whether it is put into words by its parts."""
    return translated(text.replace(HOLE, "X"), "de") != text.replace(HOLE, "X")


def test_translations_keep_the_values_of_their_text() -> None:
    for language in ("en", "de"):
        for template, translation in texts(language).items():
            assert template.count(HOLE) >= len(re.findall(r"\{\d?\}", translation)), template
            translation.format(*["X"] * template.count(HOLE))
            assert not COMMAND.search(translation.replace("benehub up", "")), translation


def test_what_names_a_command_says_it_without_on_pages() -> None:
    named = [one for one in SPOKEN if COMMAND.search(one)]
    assert len(named) > 40
    for language in ("en", "de"):
        told = [translated(one.replace(HOLE, "X1"), language) for one in named]
        assert [one for one in told if COMMAND.search(one.replace("benehub up", ""))] == []
    assert {place.needs for place in PLACES.values()} <= {one.value for one in Permission}
    assert [one.path for one in places("Work them: benehub differences list; then benehub worker")] == ["reconcile"]
    assert places(None) == []


@pytest.mark.parametrize(
    ("text", "german"),
    [
        ("no dispatch 'dis_x'. See `benehub dispatches list`",
         "keine Sendung 'dis_x'. Die Liste der Sendungen ansehen"),
        ("row 7 of employee: its SSN is missing", "Zeile 7 von Mitarbeitende: die SSN fehlt"),
        ("deduction.set: confirmed adopted: the vendor holds it already",
         "Abzüge für die Lohnabrechnung: bestätigt: übernommen: der Partner hat es schon"),
        ("invoice due 2026-10-01 is not paid; cover lapses when grace ends on 2026-11-01",
         "Rechnung, fällig 01.10.2026, ist nicht bezahlt; "
         "die Deckung erlischt, wenn die Nachfrist am 01.11.2026 endet"),
        ("the pay of this check did not cover it; 1234.50 was made up for since",
         "der Lohn dieser Abrechnung reichte dafür nicht; 1.234,50 wurde seither nachgeholt"),
        ("premium of the month (half_up): 1837.50 USD -> 1837.50 USD",
         "Prämie des Monats (kaufmännisch gerundet): 1.837,50 USD -> 1.837,50 USD"),
        ("hours x rate (half_up): 6866750/39 USD -> 176070.51 USD",
         "Stunden x Lohnsatz (kaufmännisch gerundet): 6866750/39 USD -> 176.070,51 USD"),
        ("employer by percent_of_tier (half_up): 398.1655 EUR -> 398.17 EUR",
         "Arbeitgeber, Prozent der Stufe (kaufmännisch gerundet): 398,1655 EUR -> 398,17 EUR"),
        ("employer by flat (half_up): 20.00 USD -> 20.00 USD",
         "Arbeitgeber, fester Betrag (kaufmännisch gerundet): 20,00 USD -> 20,00 USD"),
        ("monthly rate of tier FAM: 121.75 USD -> 121.75 USD",
         "Monatssatz der Stufe „Familie“: 121,75 USD -> 121,75 USD"),
        ("arrears by max_extra: 128.63 USD -> 64.31 USD",
         "Rückstand, eingezogen bis zum größten Aufschlag: 128,63 USD -> 64,31 USD"),
        ("more was deferred in the year than law and plan allow, by 1500.00",
         "es wurde im Jahr mehr gespart, als Gesetz und Plan erlauben, nämlich 1.500,00"),
        ("monthly salary: 5416.667 -> 5416.67", "Monatsgehalt: 5.416,667 -> 5.416,67"),
        ("basis pay of a year: 6500000 -> 65000.00", "Grundlohn (Jahr): 6500000 -> 65.000,00"),
        ("carrier was sent 2026-10-01T10:00Z, and no 999 has come within 2 hours",
         "Versicherer wurde am 01.10.2026, 10:00:00 gesendet, und keine Antwort (999) ist "
         "innerhalb von 2 Stunden gekommen"),
        ("sent delivered", "gesendet: übergeben"),
        ("Ann said: call me", "Ann said: call me"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_text_is_put_into_words_part_by_part(text: str, german: str) -> None:
    assert Words("de").in_words(text) == german
    assert "benehub dispatches" not in Words("en").in_words(text)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_day_that_no_calendar_has_stays_as_it_was_told(language: str) -> None:
    words = Words(language, timezone(timedelta(hours=-5)))
    for told in ("2026-02-30", "0000-00-00", "2026-01-01T25:00:00Z", "0001-01-01T00:00:00Z", "2026-13-01T10:00Z"):
        assert words.in_words(f"the reason says '{told}'") == f"the reason says '{told}'"
    assert words.fact("hired", "2026-02-30") == words.subject("2026-02-30") == "2026-02-30"
    assert words.subject("2026-13") == "2026-13"
    assert "2026-01-02" not in words.in_words("the reason says '2026-01-02'")


@pytest.mark.parametrize(
    ("text", "german"),
    [
        ("3 rows of hris employee in quarantine", "3 Zeilen von hris Mitarbeitende in Quarantäne"),
        ("bat_1 of payroll dependent is held", "bat_1 von payroll dependent ist angehalten"),
        ("connection carrier is paused", "Verbindung carrier ist pausiert"),
        ("to carrier: sent", "an carrier: Gesendet"),
        ("hris: no answer (Timeout)", "hris: keine Antwort (Timeout)"),
        ("approved by payroll: hris is missing, arrears of Ann: open",
         "freigegeben von payroll: hris is missing, arrears of Ann: open"),
        ("the carrier refused the member: plan payroll has no rates",
         "der Versicherer hat das Mitglied abgelehnt: plan payroll has no rates"),
        ("2 to 3", "2 bis 3"),
        *((one, one) for one in ("sent to hris", "Smith to Jones", "to Ann", "from hris to payroll", "hris")),
    ],
)  # fmt: skip
def test_names_and_what_people_said_stay_to_the_letter(text: str, german: str) -> None:
    assert Words("de").in_words(text) == german


@pytest.mark.parametrize(
    ("text", "german", "english"),
    [
        ("known-at: not a moment: 'x'. Write a date (`2026-10-15`), a date with time (`2026-10-15T12:00+00:00`), or a "
         "recorded number", "`2026-10-15T12:00+00:00`", "`2026-10-15`"),
        ("Write it as `2026-11-30`", "Ihn als `2026-11-30` schreiben", "Write it as `2026-11-30`"),
        ("census 2026-10-01 final.csv", "census 2026-10-01 final.csv", "census 2026-10-01 final.csv"),
        ("no contribution file census 2026-10-01 final.csv", "keine Beitragsdatei census 2026-10-01 final.csv",
         "file census 2026-10-01 final.csv"),
        ("due 2026-11-30 for deduction.set by payroll", "due 30.11.2026 for deduction.set", "due Nov 30, 2026 for"),
        ("plan book 1.10", "Planbuch 1.10", "plan book 1.10"),
        ("Ann: read on 2026-10-01; see final.csv", "Ann: read on 01.10.2026; see final.csv", "on Oct 1, 2026; see"),
        ("pay changed on 2026-10-01", "Lohn geändert am 01.10.2026", "pay changed on Oct 1, 2026"),
        ("files 2 was sent 2026-10-01T10:00Z, and no 999 has come within a day", "am 01.10.2026, 10:00:00 gesendet",
         "Oct 1, 2026"),
        ("claim 12.50 EUR for 2026-10 from the carrier", "12,50 EUR", "12.50 EUR"),
        ("held by Ann: as of 2026-10-01 1.10", "angehalten von Ann: as of 2026-10-01 1.10", "held by Ann"),
    ],
)  # fmt: skip
def test_what_is_to_be_typed_and_names_keep_their_days_and_amounts(text: str, german: str, english: str) -> None:
    assert german in Words("de").in_words(text)
    assert english in Words("en").in_words(text)


def test_a_punctuated_text_is_tried_against_few_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    read = Template.values

    def counted(one: Template, text: str, apart: Sequence[str] = ()) -> list[str] | None:
        tried.append(text)
        return read(one, text, apart)

    monkeypatch.setattr(Template, "values", counted)
    for punctuated in ("k: v; " * 9 + "x. Y", "the plan: no, is missing; " * 6 + "x. Y", "is " * 190 + "x"):
        tried.clear()
        translated(punctuated, "de")
        assert len(tried) < 400 < len(texts("de")), punctuated
    tried.clear()
    for long in ("k: v; " * 67, "no answer (X): " * 40, "the plan is " * 200):
        assert translated(long, "de") == long
    assert tried == []
    assert translated("row 7 of employee: no answer (X)", "de") and 0 < len(tried) < 60


def test_why_puts_its_own_fields_into_words_alone(shared_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    own = "no answer (X)"
    data = {
        "reason": own, "state": "sent", "owner": "hris", "effective_date": "2026-01-02",
        "note": own, "connection": "hris", "attempts": [f"sent {own}"], "said": [f"Ann: {own}"],
        "steps": ["less paid: 1.50 USD -> 1.50 USD"],
        "says": {"reason": own, "state": "sent"}, "history": [{"state": "sent", "note": own}],
    }  # fmt: skip
    monkeypatch.setattr(asking, "why", lambda *_: Answer("dis_x", "dispatch deduction.set", data))
    monkeypatch.setattr(asking, "seen_in", lambda *_: None)
    told = shared_desk.client.get(shared_desk.address("why/dis_x"), headers={"accept-language": "de"}).text
    words = re.findall(r"(?<=>)[^<>]*\w[^<>]*(?=<)", told[told.index('<ol class="why top') :])
    assert "Sendung: Abzüge für die Lohnabrechnung" in words and "02.01.2026" in words
    assert (words.count("keine Antwort (X)"), words.count(own), words.count(f"Ann: {own}")) == (1, 3, 1)
    assert (words.count("Gesendet"), words.count("sent"), words.count(f"sent {own}")) == (2, 1, 1)
    assert (words.count("Personalsystem"), words.count("hris")) == (1, 1)
    assert words.count("weniger bezahlt: 1,50 USD -&gt; 1,50 USD") == 1


def paths(desk: Desk) -> Iterator[str]:
    """Every kind of page of the demo, and every difference."""
    with desk.store.read(desk.employer) as session:
        found = session.rows(select(difference.c.difference_id, difference.c.type).where(*session.where(difference)))
        sent = session.rows(select(dispatch).where(*session.where(dispatch)))
        ran = session.rows(select(run).where(*session.where(run)))
        number = session.rows(select(person).where(*session.where(person, kind="employee")))[0].member_id
    yield from (f"reconcile/differences/{ref}" for ref in {one.type: one.difference_id for one in found}.values())
    yield from (f"reconcile/differences/{one.difference_id}/fix" for one in found[:1])
    yield from (f"outgoing/{ref}" for ref in {one.operation: one.dispatch_id for one in sent}.values())
    yield from (f"runs/{ref}" for ref in list({one.flow: one.run_id for one in ran}.values())[:5])
    yield from (f"people/{number}?show={part}&month=2026-10" for part in ("now", "money", "vendors", "facts"))
    yield from ("today", "reconcile", "reconcile/start", "outgoing", "outgoing/owed", "deadlines?within=90", "runs",
                "closing", "closing/2026-10/checklist", "money?month=2026-10", "money/invoices/carrier/2026-10",
                "connections", "connections/carrier", "schedules", "plan-book", "plan-book/compare", "settings", "me",
                "people", "unlinked", "import", "import/upl_none", "people/E-nobody", "runs/run_none")  # fmt: skip


def seen(page: str) -> str:
    """What a page says: its text and labels."""
    labels = re.sub(r'(?:title|aria-label|placeholder)="([^"]*)"', r">\1<a", page)
    return html.unescape(re.sub(r"<[^>]*>", "\n", labels))


def test_no_english_is_left_on_a_german_page_and_no_command(shared_desk: Desk) -> None:
    """Every kind of page of the demo's month, against the list of what the code says in English."""
    desk, owner = shared_desk, shared_desk.caller
    with desk.store.read(desk.employer) as session:
        own = session.rows(select(person).where(*session.where(person, kind="employee")))[0].person_id
    pages: dict[str, list[str]] = {"en": [], "de": []}
    try:
        desk.caller = caller_of(*Role, employer=desk.employer)
        object.__setattr__(desk.caller, "persons", {desk.employer: own})
        for path in list(paths(desk)):
            for language, told in pages.items():
                if language == "de" or path.startswith(("closing/", "deadlines")):
                    answer = desk.client.get(desk.address(path), headers={"accept-language": language})
                    told.append(seen(answer.text))
    finally:
        desk.caller = owner
    german, english = "\n".join(pages["de"]), "\n".join(pages["en"])
    left = {part for one in SPOKEN for part in map(str.strip, one.split(HOLE)) if len(part.split()) > 2}
    assert sorted(part for part in left if part in german) == []
    assert not COMMAND.findall(german) and not COMMAND.findall(english)


def test_a_sentence_behind_another_begins_with_a_large_letter_and_an_id_stays_as_it_is() -> None:
    words = Words("en")
    assert words.sentence("a webhook cannot be sent there") == "A webhook cannot be sent there"
    assert Words("de").sentence("a webhook cannot be sent there: it is not https")[0].isupper()
    for text in ("whs_abc is gone", "acme.example did not answer", "E0001 is unknown", ""):
        assert words.sentence(text) == text


@pytest.mark.parametrize(
    "said",
    [
        "GET /api/resource/Employee: the API user's role may not read documents of type Employee (403 PermissionError)",
        "Frappe does not know who asks (403)",
        "Frappe takes no new MED-PPO: the employee's status is Suspended",
        "Frappe takes no new MED-PPO: the pay period that ends 2026-11-30 ends after the employee's last day",
        "payroll takes MED-PPO in the same pay by an Additional Salary for once: HR-ADS-26-11-00001",
        "nothing of MED-PPO runs for the employee until it is made",
        "the vendor gives each change once, so one that is only tried would be lost",
        "the database forgot that this command lives, and another process may have its work",
        "3 interrupted: their process died. send (run_a); 1 died so often that nobody takes them up any more",
    ],
)
def test_what_vendors_and_commands_end_with_has_its_words(said: str) -> None:
    told = translated(said, "de")
    assert told != said
    for english in ("the ", "takes", "nobody", "who asks"):
        assert english not in told
