"""820: money adds up to the cent both ways, and the referee accepts what we write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from benehub.errors import FormatError
from benehub.formats.x12 import remittance_820 as x820
from benehub.formats.x12.checks import check
from benehub.formats.x12.envelope import Interchange
from benehub.formats.x12.remittance_820 import Address, Bank, Entity, Name, Party, Remittance820, Remitted

NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
JANE = Entity(
    "2J",
    "34",
    "000000001",
    (
        Remitted("AZ", "POLICY001", 61250, 61250, references=(("18", "PPO500"),), period=NOVEMBER),
        Remitted("AZ", "POLICY001", 2200, 2400, period=NOVEMBER, adjustments=((-200, "52"),)),
    ),
    (("IL", Name("DOE", "JANE", "Q", id_qualifier="N", id="S0001")),),
)
RICH = Entity(
    "2J",
    "34",
    "000000010",
    (Remitted("AZ", "POLICY001", 75000, 70000, period=NOVEMBER, adjustments=((5000, "AX"),)),),
    (("IL", Name("ROE", "RICH", id_qualifier="N", id="S0002")),),
    previous=((-5000, "53"),),
)
ACME = Entity(
    "2L",
    "FI",
    "123456789",
    (
        Remitted("1L", "POLICY001", 2_000_000, 2_000_000, "PO", period=NOVEMBER),
        Remitted("IK", "INV-77", 450_000, 450_000),
    ),
    previous=((-15000, "53"),),
)


def head(*entities: Entity) -> Remittance820:
    return Remittance820(
        total=sum(entity.total for entity in entities),
        method="ACH",
        settlement=date(2026, 11, 15),
        trace="PAY20261115001",
        payee=Party("CARRIER X", "FI", "987654321"),
        payer=Party("ACME CORP", "FI", "123456789"),
        payment_format="CTX",
        payer_bank=Bank("011000015", "0001234567"),
        payee_bank=Bank("021000021", "99887766"),
        originator="1123456789",
        references=(("38", "POLICY001"), ("14", "ACC001")),
        dates=(("009", date(2026, 11, 13)), ("035", date(2026, 11, 15))),
        period=NOVEMBER,
        payer_address=Address("1 MAIN ST", "", "AUSTIN", "TX", "78701"),
        payer_contacts=(("PAYROLL", (("TE", "5551230000"), ("EM", "PAY@EXAMPLE.COM"))),),
    )


def file(interchange: Interchange, remittance: Remittance820, *entities: Entity) -> str:
    return "".join(x820.render(interchange, remittance, entities))


def read(text: str) -> tuple[Remittance820, tuple[Entity, ...]]:
    (one,) = ((got.remittance, tuple(got.entities)) for got in x820.parse(text))
    return one


@pytest.mark.parametrize("entities", [(JANE, RICH), (ACME,)])
def test_what_we_write_is_accepted_and_read_back(
    interchange: Interchange, referee: Callable[[str], str], entities: tuple[Entity, ...]
) -> None:
    text = file(interchange, head(*entities), *entities)
    assert referee(text) == ""
    assert check(text) == []
    assert read(text) == (head(*entities), entities)


def test_the_segments(interchange: Interchange) -> None:
    text = file(interchange, head(JANE, RICH), JANE, RICH)
    assert "BPR*C*1334.5*C*ACH*CTX*01*011000015*DA*0001234567*1123456789**01*021000021*DA*99887766*20261115~" in text
    assert "ENT*2*2J*34*000000010~NM1*IL*1*ROE*RICH****N*S0002~ADX*-50*53~RMR*AZ*POLICY001**750*700~" in text
    assert "DTM*582****RD8*20261101-20261130~ADX*-2*52~" in text


@pytest.mark.parametrize("name", ["ours-820-individual.x12", "ours-820-organization.x12"])
def test_samples_write_back_the_same(corpus: Path, name: str) -> None:
    text = (corpus / name).read_text()
    (got,) = (
        "".join(x820.render(replace(g.envelope.interchange, line_breaks=True), g.remittance, g.entities))
        for g in x820.parse(text)
    )
    assert got.split() == text.split()


@pytest.mark.parametrize(
    ("remittance", "entities", "word"),
    [
        (replace(head(JANE), total=1), (JANE,), "BPR02"),
        (head(JANE), (replace(JANE, items=(replace(JANE.items[0], billed=1),)),), "RMR04"),
        (head(), (), "without entities"),
        (head(), (replace(JANE, items=()),), "without RMR"),
        (head(JANE, ACME), (JANE, ACME), "organizations and individuals"),
        (head(ACME, ACME), (ACME, ACME), "two organizations"),
        (replace(head(JANE), method="NON"), (JANE,), "moves none"),
        (replace(head(JANE), handling="P"), (JANE,), "moves none"),
        (replace(head(JANE), handling="Q"), (JANE,), "no code"),
        (replace(head(JANE), method="CHK"), (JANE,), "BPR05"),
        (replace(head(JANE), payment_format=""), (JANE,), "BPR05"),
        (replace(head(JANE), payee_bank=None), (JANE,), "both banks"),
        (replace(head(JANE), originator=""), (JANE,), "originator"),
        (replace(head(JANE), payee_bank=Bank("021000022", "1")), (JANE,), "routing"),
        (replace(head(JANE), payee_bank=Bank("021000021", "")), (JANE,), "account"),
        (replace(head(JANE), total=-5000), (replace(JANE, previous=((-68450, "80"),)),), "negative"),
    ],
)
def test_money_that_does_not_add_up_is_not_written(
    interchange: Interchange, remittance: Remittance820, entities: tuple[Entity, ...], word: str
) -> None:
    with pytest.raises(FormatError, match=word):
        file(interchange, remittance, *entities)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("BPR*C*1334.5*", "BPR*C*1334.51*", "BPR02"),
        ("612.5*612.5", "612.5*612.4", "RMR04"),
        ("ADX*-50*53", "ADX*-49*53", "BPR02"),
        ("BPR*C*1334.5*", "BPR*C*1334.505*", "decimals"),
        ("TRN*3*", "TRX*3*", "lacks"),
        ("ENT*2*", "ENT*3*", "ENT01"),
        ("ENT*2*", "ENT**", "ENT01"),
        ("NM1*IL*1*ROE", "N3*IL*1*ROE", "N3 comes"),
    ],
)
def test_money_that_does_not_add_up_is_not_taken(interchange: Interchange, old: str, new: str, word: str) -> None:
    text = file(interchange, head(JANE, RICH), JANE, RICH)
    assert old in text
    with pytest.raises(FormatError, match=word):
        read(text.replace(old, new))


def test_reprs_show_no_account_and_no_id() -> None:
    shown = repr(head(JANE)) + repr(JANE)
    assert "0001234567" not in shown
    assert "000000001" not in shown


def test_money_and_details_may_travel_apart(interchange: Interchange, referee: Callable[[str], str]) -> None:
    money, details = x820.split(head(JANE, RICH))
    bare = file(interchange, money)
    assert "BPR*D*1334.5*C*ACH*CCP*" in bare
    assert "ENT" not in bare
    assert (referee(bare), check(bare), read(bare)) == ("", [], (money, ()))
    full = file(interchange, details, JANE, RICH)
    assert "BPR*I*1334.5*" in full
    assert (referee(full), check(full), read(full)) == ("", [], (details, (JANE, RICH)))
    assert money.trace == details.trace


def test_an_entity_more_than_ent01_can_count_is_refused(
    interchange: Interchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benehub.formats.x12.remittance_balance.MAX_ENTITIES", 1)
    with pytest.raises(FormatError, match="several transaction sets"):
        file(interchange, head(JANE, RICH), JANE, RICH)
