"""How a model provider is reached."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypedDict, cast

from flowai.specs.faults import Faults
from flowai.specs.names import did_you_mean
from flowai.specs.numbers import is_positive, is_whole_and_positive
from flowai.specs.secret import Secret


class ProviderConfig(TypedDict, total=False):
    """What a user may set for a provider, in either spelling."""

    api: str
    apiKey: str
    api_key: str
    baseUrl: str
    base_url: str
    headers: Mapping[str, str]
    timeoutS: float
    timeout_s: float
    maxRetries: int
    max_retries: int
    connectTimeoutS: float
    connect_timeout_s: float
    firstByteTimeoutS: float
    first_byte_timeout_s: float
    betweenBytesTimeoutS: float
    between_bytes_timeout_s: float
    maxConcurrency: int
    max_concurrency: int
    requestsPerMinute: int
    requests_per_minute: int
    tokensPerMinute: int
    tokens_per_minute: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProviderSpec:
    """One provider, checked; what may hold a secret never prints."""

    name: str
    api_key: Secret | None = None
    """Absent: the usual environment variable is read when a model is first called."""
    base_url: str | None = None
    """Absent: the usual environment variable, or else the provider's own address."""
    api: str | None = None
    """The protocol of a server that is no known provider: `chat`, `responses`, `messages`, or a provider's name."""
    headers: Mapping[str, Secret] = field(default_factory=dict[str, Secret])
    timeout_s: float | None = None
    """How long a whole call may take, with every retry."""
    connect_timeout_s: float | None = None
    first_byte_timeout_s: float | None = None
    between_bytes_timeout_s: float | None = None
    max_retries: int | None = None
    max_concurrency: int | None = None
    """How many requests are under way at once; the others wait in their order."""
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    def __repr__(self) -> str:
        shown = [(each.name, getattr(self, each.name)) for each in fields(self)]
        shown = [(name, _shown_url(value) if name == "base_url" and value else value) for name, value in shown]
        return f"ProviderSpec({', '.join(f'{name}={value!r}' for name, value in shown if value not in (None, {}))})"

    def reveal(self) -> dict[str, Any]:
        """Return everything with the secrets in the open, for the one place that sends them."""
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        shown["api_key"] = None if self.api_key is None else self.api_key.bare()
        shown["headers"] = [(name, value.bare()) for name, value in self.headers.items()]
        del shown["name"]
        return shown


def _shown_url(url: str) -> str:
    """Return an address without what may be a password or a key in it."""
    scheme, _, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    shown = re.split(r"[?#]", place, maxsplit=1)[0]
    return f"{scheme}://{'***' if user else ''}{at}{shown}{'?***' if shown != place else ''}"


def revealed(providers: Mapping[str, ProviderSpec]) -> dict[str, Any]:
    """Return providers with their secrets in the open, as the native part reads them."""
    return {"providers": {name: provider.reveal() for name, provider in providers.items()}}


def to_provider(name: str, written: object) -> ProviderSpec:
    """Read what a user wrote under the name of a provider.

    Raises:
        SpecError: listing every unknown, doubled or ill-typed key; values are not shown.

    Example:
        >>> to_provider("anthropic", {"apiKey": "sk-1", "maxRetries": 0})
        ProviderSpec(name='anthropic', api_key=Secret(***), max_retries=0)
    """
    faults = Faults(f"provider `{name}`")
    if not isinstance(written, Mapping):
        faults.add("the configuration is not a mapping", hint='write {"apiKey": "..."}')
        faults.raise_if_any()
    options = _options(cast("Mapping[object, object]", written), faults)
    faults.raise_if_any()
    return ProviderSpec(name=name, **options)


def _options(written: Mapping[object, object], faults: Faults) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for key, value in written.items():
        option = _snake_case(str(key))
        if option not in _READERS:
            faults.add(f"unknown key `{key}`", hint=did_you_mean(option, _READERS))
        elif option in options:
            faults.add(f"`{option}` is given twice", hint="keep one of its two spellings")
        else:
            is_valid, read, expected = _READERS[option]
            if is_valid(value):
                options[option] = read(value)
            else:
                faults.add(f"`{key}` is not {expected}")
    return options


def _snake_case(key: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", key).lower()


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_url(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"https?://[^\s/]+\S*", value) is not None


def _is_headers(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    headers = cast("Mapping[object, object]", value)
    return all(isinstance(each, str) for pair in headers.items() for each in pair)


def _is_count(value: object) -> bool:
    return is_whole_and_positive(value) or (value == 0 and type(value) is int)


def _hidden(headers: Mapping[str, str]) -> dict[str, Secret]:
    return {name: Secret(value) for name, value in headers.items()}


def _same(value: Any) -> Any:
    return value


_READERS: dict[str, tuple[Callable[[object], bool], Callable[[Any], Any], str]] = {
    "api_key": (_is_text, Secret, "a text"),
    "base_url": (_is_url, _same, "an http or https URL"),
    "api": (_is_text, _same, "a text"),
    "headers": (_is_headers, _hidden, "a mapping of texts to texts"),
    "timeout_s": (is_positive, _same, "a number of seconds above zero"),
    "max_retries": (_is_count, _same, "a whole number from zero"),
    "connect_timeout_s": (is_positive, _same, "a number of seconds above zero"),
    "first_byte_timeout_s": (is_positive, _same, "a number of seconds above zero"),
    "between_bytes_timeout_s": (is_positive, _same, "a number of seconds above zero"),
    "max_concurrency": (is_whole_and_positive, _same, "a whole number above zero"),
    "requests_per_minute": (is_whole_and_positive, _same, "a whole number above zero"),
    "tokens_per_minute": (is_whole_and_positive, _same, "a whole number above zero"),
}
