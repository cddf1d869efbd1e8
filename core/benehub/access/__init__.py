"""Who may do what: roles, what each may do, and the caller of a page or of the API.

Nothing here knows HTTP. A front asks one question, `Caller.may`, and refuses unless the answer is yes.
"""

from benehub.access.caller import Caller
from benehub.access.roles import GRANTS, Permission, Role

__all__ = ["GRANTS", "Caller", "Permission", "Role"]
