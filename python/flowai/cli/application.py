"""Finding what `--app module:attribute` names."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeGuard

from flowai.errors import FlowaiError
from flowai.specs.names import did_you_mean
from flowai.specs.runtime import RuntimeSpec

if TYPE_CHECKING:
    from flowai.interpreters import Runtime

WRITE = "write `--app my_agents:spec`"


class AppUnusable(FlowaiError):
    """What `--app` names is no runtime spec and no runtime."""


def load_object(written: str) -> Any:
    """Import a module and return what is named in it, as it is.

    Raises:
        AppUnusable: there is no such thing, with the nearest name as a hint.
    """
    module_name, colon, attribute = written.partition(":")
    if not module_name or not colon or not attribute:
        raise AppUnusable(f"`{written}` names no attribute of a module", hint=WRITE)
    return _attribute(_import(module_name), attribute)


def load_app(written: str) -> RuntimeSpec | Runtime:
    """Import a module and return the runtime spec or runtime in it.

    Raises:
        AppUnusable: there is none, with the nearest name as a hint.
        SpecError: the module defines it, and the wiring is wrong.
    """
    module_name, colon, attribute = written.partition(":")
    if not module_name or not colon or not attribute:
        raise AppUnusable(f"`{written}` names no attribute of a module", hint=WRITE)
    module = _import(module_name)
    found = _attribute(module, attribute)
    if is_app(found):
        return found
    made = _called(found, written) if callable(found) else found
    if is_app(made):
        return made
    kind = type(made).__name__
    raise AppUnusable(f"`{written}` is a `{kind}`, not a runtime spec or a runtime", hint=_usable(module, attribute))


def is_app(value: object) -> TypeGuard[RuntimeSpec | Runtime]:
    """Whether a value is a runtime spec or a runtime."""
    if isinstance(value, RuntimeSpec):
        return True
    # A module that made a runtime has loaded the interpreters; anything else need not pay for them.
    interpreters = sys.modules.get("flowai.interpreters")
    return interpreters is not None and isinstance(value, interpreters.Runtime)


def _import(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise _no_name(name)
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return import_module(name)
    except FlowaiError:
        raise
    except ModuleNotFoundError as error:
        raise _not_found(name, error) from error
    except Exception as error:
        message = f"importing `{name}` failed: {type(error).__name__}: {error}"
        raise AppUnusable(message, hint=f'`python -c "import {name}"` shows where') from error


def _no_name(written: str) -> AppUnusable:
    path = Path(written.removesuffix(".py"))
    if len(path.parts) < 2:
        return AppUnusable(f"`{written}` is not the name of a module", hint=WRITE)
    if path.is_absolute() or ".." in path.parts:
        hint = f"write `--app {path.name}:...` in the folder that holds it"
    else:
        hint = f"write `--app {'.'.join(path.parts)}:...`"
    return AppUnusable(f"`{written}` is a path, not a module", hint=hint)


def _not_found(name: str, error: ModuleNotFoundError) -> AppUnusable:
    missing = error.name or name
    if name != missing and not name.startswith(f"{missing}."):
        return AppUnusable(f"`{name}` imports `{missing}`, which is not installed", hint=f"install `{missing}`")
    parent, _, last = missing.rpartition(".")
    if last == "py" and parent:
        return AppUnusable(f"`{name}` is a file, not a module", hint=f"write `--app {parent}:...` without `.py`")
    path = list(getattr(sys.modules.get(parent), "__path__", [str(Path.cwd())]))
    near = did_you_mean(last, [module.name for module in iter_modules(path)])
    advice = near if near.startswith("did you mean") else "run the command in the folder that holds it"
    return AppUnusable(f"there is no module `{missing}`", hint=advice)


def _attribute(module: ModuleType, written: str) -> object:
    found: object = module
    for name in written.split("."):
        if not hasattr(found, name):
            raise AppUnusable(f"module `{module.__name__}` has no `{written}`", hint=_usable(module, written))
        found = getattr(found, name)
    return found


def _called(function: Any, written: str) -> object:
    try:
        return function()
    except FlowaiError:
        raise
    except Exception as error:
        message = f"calling `{written}` failed: {type(error).__name__}: {error}"
        raise AppUnusable(message, hint="give a function that takes no arguments and returns a runtime spec") from error


def _usable(module: ModuleType, written: str) -> str:
    """Name what in the module would do, else what is spelled nearly the same."""
    names = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    apps = [name for name, value in names.items() if is_app(value)]
    if apps:
        return f"write {' or '.join(f'`{module.__name__}:{name}`' for name in apps)}"
    near = did_you_mean(written, names)
    return near if near.startswith("did you mean") else "define one with `define_runtime(...)`"
