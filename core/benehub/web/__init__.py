"""The pages for people: server-rendered, no build step, no script or style inline. They hold no rule and no query.

A page is a module with a `router` whose routes name their permission, and a `NAV` if the navigation leads to it. It is
listed in `PAGES`, in the order of the navigation.
"""

from __future__ import annotations

from importlib import resources

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from benehub.web import (
    access,
    closing,
    connections,
    deadlines,
    differences,
    fixes,
    home,
    hooks_out,
    imports,
    me,
    money,
    outgoing,
    people,
    plan_book,
    questions,
    reads,
    reconcile,
    runs,
    schedules,
    settings,
    today,
    tokens,
    trail,
    unlinked,
    users,
    why,
)
from benehub.web.pages import Entry

PAGES = (
    home, today, reconcile, differences, fixes, people, unlinked, questions, money, outgoing, deadlines, imports,
    connections, reads, hooks_out, schedules, runs, closing, plan_book, settings, access, trail, users, tokens, me, why,
)  # fmt: skip
"""Modules of pages, each with its `router`, in the order in which the navigation names them."""


def mount(app: FastAPI) -> None:
    """Tell an application how its pages are named, and give it the files that they load."""
    app.state.navigation = tuple(entry for page in PAGES if isinstance(entry := getattr(page, "NAV", None), Entry))
    app.mount("/static", StaticFiles(directory=str(resources.files("benehub.web") / "static")), name="static")
