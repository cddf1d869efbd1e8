"""SCIM 2.0 as we serve it (RFC 7643, RFC 7644): the user we describe, and the messages about it.

resources   the user with its extensions, and what the service announces
messages    bodies read and written, PATCH and PUT applied, searches, errors
"""

from __future__ import annotations

EMPLOYMENT = "urn:benehub:params:scim:schemas:extension:employment:2.0:User"
"""Our extension: what payroll needs of an employee and SCIM has no attribute for."""
