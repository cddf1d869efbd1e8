"""Who may be who: every guess is explained, equals stay equals, and nobody is compared with everybody."""

from __future__ import annotations

import random

import pytest

from benehub.identity import matching
from benehub.identity.matching import Candidate, Register, Told, differs, guess_all, plain

ANN = Candidate("per_ann", "employee", "1001", "Ann", "Müller-Alder", "1980-02-03", "Ann@example.org")
BEN = Candidate("per_ben", "employee", "1002", "Ben", "Okri", "1990-07-09", "ben@example.org")
KIM = Candidate("per_kim", "dependent", "1001-01", "Kim", "Müller-Alder", "2015-05-06")
TIM = Candidate("per_tim", "dependent", "1001-02", "Tim", "Müller-Alder", "2015-05-06")
OURS = Register([ANN, BEN, KIM, TIM])


@pytest.mark.parametrize(
    ("one", "other"),
    [("Müller", "MUELLER"), ("Müller", "Muller"), ("O'Neil", "o neil"), ("Smith Jr.", "Smith"), ("José", "Jose"),
     ("Weiß", "Weiss"), ("Böhm", "Boehm"), ("Iii", "iii")],
)  # fmt: skip
def test_names_that_are_one_name(one: str, other: str) -> None:
    assert plain(one).replace(" ", "") == plain(other).replace(" ", "")


@pytest.mark.parametrize(
    ("told", "score", "why"),
    [
        (Told("Ann", "Mueller Alder", "1980-02-03"), 100, "birth date agrees; last name agrees; first name agrees"),
        (Told("Ann", "Smith", "1980-02-03"), 70, "birth date agrees; last name differs; first name agrees"),
        (Told("Ann", "Alder", "1980-03-02"), 81,
         "birth date with day and month exchanged; last name alike (95 %); first name agrees"),
        (Told("A", "Muller-Alder", "1980-02-08"), 75,
         "birth date differs in one digit; last name agrees; first name alike (85 %)"),
        (Told("Muller-Alder", "Ann", "1980-02-03"), 95,
         "birth date agrees; first and last name exchanged; last name agrees; first name agrees"),
        (Told("Ann", "Muller-Alder"), 70, "birth date not told; last name agrees; first name agrees"),
        (Told("Zoe", "Xu", "1971-01-01", "ANN@EXAMPLE.ORG", "1001"), None, ""),
        (Told("", "", "1980-02-03", "ann@example.org"), 70,
         "birth date agrees; last name not told; first name not told; e-mail agrees"),
    ],
)  # fmt: skip
def test_a_guess_says_why(told: Told, score: int | None, why: str) -> None:
    found = OURS.guesses("p1", told)
    if score is None:
        assert found == []
        return
    assert (found[0].person_id, found[0].score, "; ".join(found[0].why)) == ("per_ann", score, why)


def test_no_value_stands_in_a_reason() -> None:
    told = Told("Ann", "Alder", "1980-03-02", "ann@example.org", "1001")
    for guess in OURS.guesses("p1", told):
        for value in ("Ann", "Alder", "1980", "example", "1001"):
            assert value not in " ".join(guess.why)
    assert "Ann" not in repr(told)
    assert "Alder" not in repr(ANN)


def test_two_who_are_as_likely_stay_two() -> None:
    twin = Candidate("per_twin", "employee", "1003", "Ben", "Okri", "1990-07-09")
    found = Register([BEN, twin]).guesses("p1", Told("Ben", "Okri", "1990-07-09"))
    assert [(one.person_id, one.score) for one in found] == [("per_ben", 100), ("per_twin", 100)]
    assert all(one.why[-1] == "1 other is as likely" for one in found)


def test_a_twin_is_shown_behind_the_one_who_is_meant() -> None:
    found = OURS.guesses("m1", Told("Kim", "Alder", "2015-05-06"))
    assert found[0].person_id == "per_kim"
    assert all(one.score <= found[0].score - matching.AS_GOOD for one in found[1:])


def test_who_is_ruled_out_or_no_employee_is_not_guessed() -> None:
    told = Told("Ben", "Okri", "1990-07-09")
    assert OURS.guesses("p1", told, {"per_ben"}) == []
    assert OURS.guesses("p1", Told("Kim", "Alder", "2015-05-06", only_employees=True)) == []


@pytest.mark.parametrize(
    ("told", "contradicts"),
    [
        (Told("Zoe", "Xu", "1971-01-01"), True),
        (Told("Ben", "Okri", "1971-01-01"), False),  # one of the two may be mistyped
        (Told("Zoe", "Xu", "1990-07-09"), False),
        (Told("Zoe", "Xu", "1990-09-07"), False),
        (Told("Zoe", "Xu"), False),
        (Told(birth_date="1971-01-01"), False),
    ],
)
def test_what_speaks_against_a_number(told: Told, contradicts: bool) -> None:
    assert differs(told, BEN) is contradicts


def test_a_crowd_under_one_placeholder_date_is_no_clue() -> None:
    crowd = [Candidate(f"per_{n}", "employee", str(n), f"First{n}", f"Last{n}", "1900-01-01") for n in range(1000)]
    register = Register(crowd)
    found = register.guesses("p", Told("First7", "Last7", "1900-01-01"))
    assert found[0].person_id == "per_7"
    assert register.guesses("p", Told("Quentin", "Zorro", "1900-01-01")) == []


def test_everybody_is_compared_with_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the people on both sides are about twice the comparisons, not four times."""
    compared = [0]
    real = matching._dates

    def count(told: str, known: str) -> tuple[int, str]:
        compared[0] += 1
        return real(told, known)

    monkeypatch.setattr(matching, "_dates", count)
    chance = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"

    def somebody(number: int) -> Candidate:
        first, last = ("".join(chance.choices(letters, k=6)) for _ in range(2))
        born = f"{chance.randint(1950, 2005)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        return Candidate(f"per_{number}", "employee", str(number), first, last, born)

    counts = []
    for size in (1000, 2000):
        people = [somebody(number) for number in range(size)]
        told = {one.person_id: Told(one.first_name, one.last_name, one.birth_date) for one in people}
        compared[0] = 0
        best = {one.key: one.person_id for one in reversed(list(guess_all(told, Register(people), {})))}
        assert all(key == person for key, person in best.items())
        assert len(best) == size
        counts.append(compared[0])
    assert counts[1] < 2.5 * counts[0]
    assert counts[1] < 3 * 2000


def test_a_register_of_those_sought_gives_the_guesses_of_the_register_of_all() -> None:
    chance = random.Random(3)
    firsts, lasts = ("Ann", "Anna", "Ben", "Cleo", "Dan"), ("Alder", "Birch", "Cedar-Elm", "Okri", "Xu")
    days = [f"19{year}-0{month}-1{month}" for year in (70, 71, 84) for month in (1, 2, 3)] + ["1900-01-01"] * 20

    def told(number: int) -> Told:
        mail = f"{chance.randrange(900)}@x.example" if chance.random() < 0.1 else ""
        return Told(chance.choice(firsts), chance.choice(lasts), chance.choice(days), mail, str(number))

    people = []
    for number in range(900):  # of one birthday there are more than CROWD, of each name more than NAMESAKES
        one = told(number)
        people.append(
            Candidate(
                f"per_{number:03}", "employee", str(number), one.first_name, one.last_name, one.birth_date, one.email
            )
        )
    wanted = {
        str(number): told(2000 + number) if number % 3 else Told("Zoe", "Quill", "1984-02-12", "", "17")
        for number in range(12)
    }
    for some in (wanted, {"1": wanted["1"]}, {"0": wanted["0"]}):
        sought = matching.Sought(some.values())
        kept = [one for one in people if sought.holds(one)]
        assert list(guess_all(some, Register(kept), {})) == list(guess_all(some, Register(people), {}))
    assert len(kept) < 100


def test_of_a_crowd_few_are_held() -> None:
    sought = matching.Sought([Told("Quentin", "Zorro", "1900-01-01")])
    crowd = (Candidate(f"per_{n}", "employee", str(n), f"F{n}", f"Last{n}", "1900-01-01") for n in range(1000))
    assert sum(map(sought.holds, crowd)) == matching.CROWD + 1
