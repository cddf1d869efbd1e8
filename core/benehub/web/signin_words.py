"""What the sign-in pages say, in English and German."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from benehub.api import who

WORDS: Final[dict[str, tuple[str, str]]] = {
    "signin": ("Sign in", "Anmelden"),
    "email": ("Email address", "E-Mail-Adresse"),
    "password": ("Password", "Passwort"),
    "by": ("Sign in by {name}", "Anmelden über {name}"),
    "or": ("or", "oder"),
    "on": ("Continue", "Weiter"),
    "wrong": ("That did not match. Try again.", "Das passt nicht. Bitte noch einmal versuchen."),
    "wait": (
        "Too many attempts. Try again in {seconds} seconds.",
        "Zu viele Versuche. In {seconds} Sekunden noch einmal versuchen.",
    ),
    "unknown": (
        "Nobody here has this account. Ask whoever manages access.",
        "Dieses Konto ist hier nicht bekannt. Bitte die Verwaltung der Zugänge fragen.",
    ),
    "late": ("This took too long. Sign in again.", "Das hat zu lange gedauert. Bitte neu anmelden."),
    "away": (
        "The sign-in provider does not answer. Try again later.",
        "Der Anmeldedienst antwortet nicht. Bitte später noch einmal versuchen.",
    ),
    "plain": (
        "Sign-in needs https. Whoever runs this installation sets public_url and puts a TLS proxy before it.",
        "Die Anmeldung braucht https. Wer diese Installation betreibt, setzt public_url und einen TLS-Proxy davor.",
    ),
    "code": ("Code from your phone", "Code vom Telefon"),
    "code.hint": (
        "Six digits, or one of your recovery codes.",
        "Sechs Ziffern, oder einer der Wiederherstellungscodes.",
    ),
    "code.title": ("Second step", "Zweiter Schritt"),
    "enrol.title": ("Add your phone", "Telefon hinzufügen"),
    "enrol.scan": (
        "Scan this picture with an authenticator app, then type the code that it shows.",
        "Dieses Bild mit einer Authenticator-App scannen und den angezeigten Code eingeben.",
    ),
    "enrol.picture": ("QR picture for your authenticator app", "QR-Bild für die Authenticator-App"),
    "enrol.secret": ("Or type this key:", "Oder diesen Schlüssel eintippen:"),
    "enrol.code": ("Code that the app shows", "Code, den die App zeigt"),
    "codes.title": ("Recovery codes", "Wiederherstellungscodes"),
    "codes.keep": (
        "Keep these where your phone is not. Each lets you in once. They are shown this once.",
        "Getrennt vom Telefon aufbewahren. Jeder gilt einmal. Sie werden nur jetzt gezeigt.",
    ),
    "change.title": ("Change the password", "Passwort ändern"),
    "change.must": (
        "This password was given to you. Choose one of your own.",
        "Dieses Passwort wurde vergeben. Bitte ein eigenes wählen.",
    ),
    "change.old": ("Password until now", "Bisheriges Passwort"),
    "change.new": ("New password", "Neues Passwort"),
    "change.hint": (
        "At least 12 characters; a sentence of some words is easy to remember.",
        "Mindestens 12 Zeichen; ein Satz aus einigen Wörtern lässt sich leicht merken.",
    ),
    "change.weak": (
        "Too short, the same as before, or one of those that are tried first.",
        "Zu kurz, dasselbe wie bisher, oder eines, das zuerst probiert wird.",
    ),
    "out": ("Sign out", "Abmelden"),
}
"""By key: English, German."""

LANGUAGES: Final = ("en", "de")


def language(request: Request) -> str:
    """The language chosen on a page before, or the first that the browser names and we have."""
    wanted = [request.query_params.get("lang", ""), who.cookie(request, "benehub_lang")]
    wanted += [part.partition(";")[0].strip()[:2].casefold() for part in _accepted(request).split(",")]
    return next((one for one in wanted if one in LANGUAGES), LANGUAGES[0])


def say(spoken: str, key: str, **values: object) -> str:
    """A text in a language."""
    return WORDS[key][LANGUAGES.index(spoken)].format(**values)


def _accepted(request: Request) -> str:
    return request.headers.get("accept-language", "")
