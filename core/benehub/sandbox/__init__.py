"""Machinery that stands in for vendors: HTTP simulators, mailboxes and scripted faults.

A vendor's own simulator lies in its connector's folder; here is only what they share.
"""
