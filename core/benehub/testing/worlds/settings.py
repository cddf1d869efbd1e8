"""The settings of a world's three connections, as a person would write them; all read the folder they lie in."""

from __future__ import annotations

from collections.abc import Mapping

from benehub.testing.worlds.terms import CARRIER, DEFERRAL_PLAN, KEEPER

FILES = """# Connection `files`: HRIS and payroll, as tables.
place: {folder: .}
streams:
  employee:
    pattern: census*.csv
    full: true
    columns:
      employee_number: Number
      first_name: First name
      last_name: Last name
      birth_date: Born
      ssn: SSN
      hire_date: Hired
      termination_date: Last day
    constants: {pay_group: semimonthly}
  dependent:
    pattern: families*.csv
    columns: {employee: Number, first_name: First name, last_name: Last name, birth_date: Born, relationship: Relation}
  compensation:
    pattern: compensation*.csv
    columns: {employee: Number, effective_from: From, rate_minor: Pay, per: Per}
  election:
    pattern: elections*.csv
    columns: {employee: Number, plan: Plan, tier: Tier, pretax_rate: Pre-tax, roth_rate: Roth, dependents: With,
      effective_from: From}
  opening_balance:
    pattern: opening*.csv
    columns: {employee: Number, kind: Kind, plan: Plan, as_of: As of, amount: Amount}
  leave_request:
    pattern: leave*.csv
    columns: {employee: Number, policy: Policy, start: First day, end: Last day, hours: Hours, status: Status}
  leave_balance:
    pattern: balances*.csv
    columns: {employee: Number, code: Code, as_of: As of, hours: Hours}
  register_line:
    pattern: register*.csv
    columns:
      pay_run: Run
      check: Check
      employee: Number
      pay_date: Pay date
      kind: Kind
      code: Code
      tax_class: Tax
      amount_minor: Amount
      hours: Hours
      gross_minor: Gross
      net_pay_minor: Net
      plan_pay_minor: Plan pay
      reverses: Reverses
"""
INSURER = """# The insurer: its list bills are read, what is paid goes out as an 820.
place: {folder: .}
inbox: ""
outbox: sent
names: {invoice: ["invoice*.csv"], roster: ["roster*.csv"]}
sender: MEADOW
receiver: NORTHSTAR
group: MEADOW1
sponsor: {name: Meadow Tools, id: "900000001"}
insurer: {name: Northstar Health, id: "900000002"}
plans:
  ppo: {insurance_line: PPO}
  hmo: {insurance_line: HMO}
  dental: {insurance_line: DEN}
  vision: {insurance_line: VIS}
  life: {insurance_line: HLT}
  # The insurer's profile still has codes for plans that no plan book ever had.
  old-ppo: {insurance_line: PPO}
  old-dental: {insurance_line: DEN}
  old-vision: {insurance_line: VIS}
premium:
  payer: {name: Meadow Tools, id: "900000001"}
  payee: {name: Northstar Health, id: "900000002"}
  method: CHK
"""
RECORDKEEPER = f"""# The recordkeeper: its credits are read, contributions go out as a 180.
place: {{folder: .}}
inbox: ""
outbox: sent
plan: {DEFERRAL_PLAN}
plan_id: "4711"
client_id: MEADOW
credits: ["credits*.csv"]
"""
SETTINGS: Mapping[str, str] = {
    "files.yaml": FILES, f"{CARRIER}.yaml": INSURER, f"{KEEPER}.yaml": RECORDKEEPER,
}  # fmt: skip
CONNECTORS: Mapping[str, str] = {"files": "files", CARRIER: "carrier_x12", KEEPER: "recordkeeper_files"}
"""Connection -> the connector that reads its files."""
