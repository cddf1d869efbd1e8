"""NACHA payment files (ACH): CCD, CCD+ and CTX out; returns and notifications of change back.

94-character records in blocks of ten, amounts in US cents. One record type, one file: file header 1, batch header 5,
entry 6, addenda 7 (705 remittance, 799 return, 798 change), batch control 8, file control 9.
"""
