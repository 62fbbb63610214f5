"""A name that does not exist is told, since an empty answer would be taken for the truth."""

from controller.runtime.view import View
from controller.web.problems import Unprocessable


def refuse_unknown_campaign(view: View, name: str | None) -> None:
    """Raises Unprocessable."""
    if name is not None and name not in view.book.campaigns:
        known = ", ".join(view.book.campaigns) or "none"
        raise Unprocessable("campaign", f"there is no campaign {name!r}; the rules define {known}")


def refuse_unknown_workspace(view: View, name: str | None) -> None:
    """Raises Unprocessable."""
    if name is not None and name not in view.workspaces:
        known = ", ".join(view.workspaces)
        raise Unprocessable("workspace", f"there is no workspace {name!r}; the configuration has {known}")
