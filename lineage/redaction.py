"""Blank out credentials in events, log lines and messages, and leave everything else as it is.

Three rules, in the order of how sure they are:
1. shapes that are nothing but credentials, anywhere: user and password in a URL, AWS keys, webhook addresses, …
2. a text value under a key that names a secret: ``{"password": "…"}``, ``{"key": "api_token", "value": "…"}``
3. assignments inside text: ``password=…``, ``"secret": "…"``. Not in names, where ``lookup:token:*`` is a data set, and
   in SQL only quoted values, because there ``a.token = b.token`` joins two columns.
"""

import logging
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

MASK = "***"

# Words that name a secret when they end a key: `db_password`, `fs.s3a.secret.key`, not `foreign_key`, `token_type`.
_SECRET_WORDS = {"password", "passwd", "pwd", "passphrase", "secret", "token", "apikey", "credential", "authorization"}
_KEYS = ("api", "access", "secret", "private", "account", "signing", "encryption", "storage", "auth", "shared")
_SECRET_PAIRS = {*((word, "key") for word in _KEYS), ("webhook", "url")}
_SECRET_GROUPS = {"secrets", "credentials"}  # a mapping under these holds nothing else
_NAMES = {"name", "namespace", "type", "field", "producer", "_producer", "schemaURL", "_schemaURL", "runId"}
_SQL = {"query"}

# No left boundary: PGPASSWORD and sessionToken end in a secret word too.
_SECRET_NAME = (
    r"(?:password|passwd|pwd|passphrase|secret|token|credentials?"
    r"|(?:" + "|".join(_KEYS) + r")[_.-]?key(?:[_.-]?id)?|webhook[_.-]?url)"
)
# Not a secret even after `token:` or `token =`: data types as Spark prints them in a schema, words of a sentence.
_HARMLESS = (
    r"(?:string|text|varchar|char|integer|int|bigint|long|short|double|float|decimal|boolean|bool|binary|date|timestamp|struct"
    r"|array|map|null|none|nil|true|false|is|not|must|should|was|has|and|or|required|missing|invalid|expired|authentication"
    r"|auth|token|scheme)(?![\w+/=.@!#-])"
)
_VALUE = r"[^\s\"'`\\,;&|)\]}<>]"

# scheme://user:password, before the @. Not host:port/path@, and not abfss://container@account: no password there.
_USER_AND_PASSWORD = (
    r"(\b[a-z][\w+.-]{0,30}://)[^\s:/?#@\[\"'<>]{0,256}:(?!\d{1,5}(?:[/?#,;\s\"'<>]|$))"
    r"[^\s@\"'<>]{0,256}(?:@[^\s@/\"'<>,;]{0,256})*(?=@)"
)
_PARAMETER = (
    r"([?&;](?:[\w.-]{0,40}" + _SECRET_NAME + r"|sig|x-amz-(?:signature|credential|security-token))=)[^&;\s\"'<>]+"
)
_AUTHORIZATION = (
    r"(\bauthorization\\*[\"']?\s*[:=]\s*\\*[\"']?(?:(?:bearer|basic|digest|token)\s+)?+)"
    r"(?![*])(?!" + _HARMLESS + ")" + _VALUE + "{4,}"
)
_PRIVATE_KEY = r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)"
# What must occur in the (lower-case) text for the pattern to have a chance; the pattern, its flags, what stays.
_SHAPES = tuple(
    (needle, re.compile(pattern, flags), stays + MASK)
    for needle, pattern, flags, stays in (
        ("@", _USER_AND_PASSWORD, re.I, r"\1"),
        ("@", r"(\bhttps?://)[^\s:/?#@\"'<>]{1,256}(?=@)", re.I, r"\1"),  # https://TOKEN@host
        ("jdbc:oracle", r"(\bjdbc:oracle:\w+:)[^\s/@\"']{1,256}/[^\s@\"']{1,256}(?=@)", re.I, r"\1"),
        ("=", _PARAMETER, re.I, r"\1"),
        ("/services/", r"(https?://[^\s/\"'<>]{1,256}/services/)T\w+/B\w+/\w+", 0, r"\1"),  # Slack, real or local
        ("webhook", r"(https?://[^\s\"'<>/]{1,256}/(?:[\w/-]{0,64}/)?webhooks?(?:b2)?/)[^\s\"'<>]+", re.I, r"\1"),
        ("akia", r"\bAKIA[0-9A-Z]{16}\b", 0, ""),
        ("asia", r"\bASIA[0-9A-Z]{16}\b", 0, ""),
        ("_", r"\b(?:gh[pousr]_|github_pat_|sk_live_|rk_live_)\w{10,}", 0, ""),
        ("-", r"\b(?:glpat-|xox[abeoprs]-|xapp-)[\w-]{10,}", 0, ""),
        ("aiza", r"\bAIza[\w-]{30,}", 0, ""),
        ("eyj", r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*", 0, ""),  # JSON web token
        ("private key", _PRIVATE_KEY, re.S, ""),
        ("identified", r"(\bidentified\s+by\s+[\"'])[^\"']+", re.I, r"\1"),
        ("authorization", _AUTHORIZATION, re.I, r"\1"),
        ("bearer", r"(\bbearer\s+)(?![*])(?!" + _HARMLESS + ")" + _VALUE + "{6,}", re.I, r"\1"),
        ("basic", r"(\bbasic\s+)(?=[\w+/]*[\d=+/])[\w+/]{8,}={0,2}", re.I, r"\1"),
    )
)
_TRIGGER = re.compile(_SECRET_NAME, re.I)
_QUOTED = re.compile(  # the closing quote is escaped as the opening one was, and is not a doubled one (SQL)
    r"(?P<head>" + _SECRET_NAME + r"\\*[\"'`]?(?:\s*(?:[:=]|=>)\s*|(?<! token)\s+)(?P<escape>\\*)(?P<quote>[\"']))"
    r"(?P<value>(?:\\.|(?P=quote){2}|(?!(?P=quote))[^\\\n])*?)(?=(?P=escape)(?P=quote)(?!(?P=quote)))",
    re.I,
)
_BARE = re.compile(  # after a colon only what looks like a value and not like the rest of a sentence
    r"(?P<head>" + _SECRET_NAME + r"\\*[\"'`]?(?P<gap>\s*)(?:=>?|:\s+(?=\S*\d|\S+\s*(?:$|[\n,;\"'}\])])))\s*)"
    r"(?![\"'\\$%?{(:*])(?!" + _HARMLESS + r")(?P<value>" + _VALUE + r"+)",
    re.I | re.M,
)
_COLUMN = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*")
_OF_A_TABLE = re.compile(r"(?:^|[^\w.])[A-Za-z_]\w*\.\w*$")


def redact(event: dict[str, Any], *, secrets: Iterable[str] = ()) -> dict[str, Any]:
    """A copy of an event without credentials; ``secrets`` are values to blank out wherever they occur.

    Law: redacting twice is redacting once. Numbers, booleans and the shape of the event never change.
    """
    result = _walk(event, key="", secrets=tuple(filter(None, secrets)))
    assert isinstance(result, dict)
    return result


def redact_text(text: str, *, secrets: Iterable[str] = ()) -> str:
    """A log line or message without credentials."""
    return _assignments(_shapes(text, tuple(filter(None, secrets))), _QUOTED, _BARE)


class RedactingFilter(logging.Filter):
    """Blanks out credentials in log records, stack traces too. Add it to a handler, so that it sees every logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; never drops one."""
        record.msg, record.args = redact_text(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact_text(record.exc_text)
        return True


def _walk(value: Any, *, key: str, secrets: tuple[str, ...], hidden: bool = False) -> Any:
    if isinstance(value, dict):
        named = str(value.get("key", "")) if {"key", "value"} <= value.keys() else ""
        return {
            _shapes(k, secrets) if isinstance(k, str) else k: _walk(
                v,
                key=named if k == "value" and named else str(k),
                secrets=secrets,
                hidden=hidden or k in _SECRET_GROUPS,
            )
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_walk(item, key=key, secrets=secrets, hidden=hidden) for item in value]
    if not isinstance(value, str):
        return value
    if value and (hidden or _names_a_secret(key)):
        return MASK
    return _text(value, key, secrets)


def _text(text: str, key: str, secrets: tuple[str, ...]) -> str:
    text = _shapes(text, secrets)
    if key in _NAMES:
        return text
    return _assignments(text, _QUOTED) if key in _SQL else _assignments(text, _QUOTED, _BARE)


def _shapes(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    lowered = text.lower() if len(text) > 7 else ""  # nothing shorter is a credential by its shape
    for needle, pattern, replacement in _SHAPES:
        if needle in lowered:
            text = pattern.sub(replacement, text)
    return text


def _assignments(text: str, *patterns: re.Pattern[str]) -> str:
    if _TRIGGER.search(text):
        for pattern in patterns:
            text = pattern.sub(_blank, text)
    return text


def _blank(match: re.Match[str]) -> str:
    if not match["value"] or _joins_columns(match):
        return match[0]
    return match["head"] + MASK


def _joins_columns(match: re.Match[str]) -> bool:
    """``a.token = b.token`` without quotes: SQL, also inside an error message."""
    if "gap" not in match.groupdict() or not _COLUMN.fullmatch(match["value"]):
        return False
    before = match.string[max(0, match.start() - 80) : match.start()]
    return bool(match["gap"]) or _OF_A_TABLE.search(before) is not None


@lru_cache(maxsize=4096)
def _names_a_secret(key: str) -> bool:
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", key)]
    if words[-1:] == ["id"] and words[-2:-1] == ["key"]:  # accessKeyId
        words.pop()
    return bool(words) and (
        words[-1] in _SECRET_WORDS or tuple(words[-2:]) in _SECRET_PAIRS or key.lower() in {"pass", "auth"}
    )
