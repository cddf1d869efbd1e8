"""SEPA payments in ISO 20022 XML: pain.001 credit transfers out; pain.002 and camt.053 back.

Amounts are minor units (euro cents). What is written goes through sepaxml and holds against its schemas; what banks
send is read as a stream, with no entities, no DTD and a limit on size and depth.
"""
