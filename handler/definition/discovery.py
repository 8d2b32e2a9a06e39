"""Finds the definitions: all that `@task` makes while the modules of a package are imported.

Whatever a file does while it is imported, or looked at, costs only its own definitions. So nothing
here runs code of what a file has made: a value is known by its `type`, since `isinstance` asks the
value for its `__class__`. What no code in the process can hold is a file that kills it (a signal,
`os.abort`), and one that changes Python itself for all, such as `builtins`.
"""

import importlib
import inspect
import os
import traceback
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from handler.definition.definition import Definition, check, origin_of
from handler.definition.import_limit import ImportLimit, ImportTooLong
from handler.definition.modules import Module, PassedOver, modules_of, refused
from handler.definition.origin import all_kept, is_a, names_in
from handler.definition.registry import Registry, names_of, same_name
from handler.errors import DefinitionError
from handler.record import class_name, to_text

_PACKAGE: Final = "definitions"
_FIRST: Final = "testingRun"
_MAX_REASON_CHARACTERS: Final = 1_000
_MAX_PROBLEMS: Final = 10


@dataclass(slots=True)
class _Found:
    """What is found in a package.

    Args:
        stops: what ends the search instead of being a problem of the file that raises it.
    """

    stops: tuple[type[BaseException], ...]
    definitions: list[Definition] = field(default_factory=list)
    problems: list[DefinitionError] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)


def discover(package: str = _PACKAGE, *, import_seconds: float = 0) -> Registry:
    """Registers every definition that is made while the modules of a package are imported.

    It doesn't matter what becomes of the definition's name, or which module makes it. A file that
    is no module is passed over with a warning. Discovery can be repeated.

    Args:
        import_seconds: how long the import of one file may take; 0 is as long as it likes.

    Raises:
        DefinitionError: a file can't be imported or would be overlooked, two definitions have one
            id, or a definition would not run as it is written. The message names the files.
        KeyboardInterrupt: somebody at a terminal has pressed Ctrl-C.
    """
    found = _look(package, import_seconds, _Found(stops=(KeyboardInterrupt,)))
    for passed_over in found.passed_over:
        warnings.warn(str(passed_over), stacklevel=2)
    if found.problems:
        raise _all(found.problems)
    return Registry(found.definitions)


def discover_importable(package: str = _PACKAGE, *, import_seconds: float = 0) -> Registry:
    """Registers what can be imported, and keeps the errors of the rest in `Registry.problems`.

    For the Lambdas: a file that can't be used there must not stop what has nothing to do with it.
    Nobody presses Ctrl-C there, so a `KeyboardInterrupt` is the file's own, as any other exception.

    Args:
        import_seconds: how long the import of one file may take, and half of what all may take; 0
            is as long as they like.
    """
    found = _look(package, import_seconds, _Found(stops=()))
    return Registry(found.definitions, problems=found.problems)


def _all(problems: Sequence[DefinitionError]) -> DefinitionError:
    """One error of all problems; of the first ten, where there are more."""
    if len(problems) == 1:
        return problems[0]
    lines = [problem.message for problem in problems[:_MAX_PROBLEMS]]
    if more := len(problems) - len(lines):
        lines.append(f"{more} more files can't be used.")
    return DefinitionError("\n".join(lines), data=problems[0].data)


def _look(package: str, import_seconds: float, found: _Found) -> _Found:
    importlib.invalidate_caches()  # a file may be new since Python last looked into its folder
    modules = _imported(package, found, ImportLimit(import_seconds))
    made = [each for each in _made_by(modules) if _is_sound(each, found)]
    made.sort(key=lambda definition: definition.id != _FIRST)
    for definition in made:
        if problem := _problem_of(definition, made):
            if problem.message not in [known.message for known in found.problems]:
                found.problems.append(problem)
        else:
            found.definitions.append(definition)
    return found


def _imported(package: str, found: _Found, limit: ImportLimit) -> dict[str, ModuleType]:
    """The modules of a package that can be imported, by name."""
    init = Module(package, Path(*package.split("."), "__init__.py"))
    root = _attempt(init, found, limit)
    if root is None:
        return {}
    listed = list(modules_of(package, _folders_of(root, init, found, limit)))
    found.passed_over += [each for each in listed if isinstance(each, PassedOver)]
    found.problems += [each for each in listed if isinstance(each, DefinitionError)]
    imported = {package: root}
    for module in sorted(
        (each for each in listed if isinstance(each, Module)), key=lambda each: each.name
    ):
        # A package that can't be imported is one error, and not one of each module in it.
        is_new = module.name not in imported and module.package in imported
        if is_new and (result := _attempt(module, found, limit)):
            imported[module.name] = result
    return imported


def _folders_of(root: ModuleType, init: Module, found: _Found, limit: ImportLimit) -> list[str]:
    names: Mapping[str, Any] = names_in(root)
    if names.get("__path__") is None:
        file = names.get("__file__") or init.name
        found.problems.append(refused(to_text(file), "is a file; make it a folder."))
        return []
    try:
        return [os.fspath(folder) for folder in names["__path__"]]
    except found.stops:
        raise
    except BaseException as error:  # it has put something else there
        found.problems.append(_not_imported(init, error, limit))
        return []


def _attempt(module: Module, found: _Found, limit: ImportLimit) -> ModuleType | None:
    """Imports a module; the error of one that can't be imported is a problem."""
    try:
        result = limit.load(lambda: importlib.import_module(module.name))
        what = _not_itself(module, result)
    except found.stops:
        raise
    except BaseException as error:  # whatever it raises, its author needs the file
        found.problems.append(_not_imported(module, error, limit))
        return None
    if what:
        found.problems.append(refused(module.file, f"can't be imported: {what}"))
        return None
    return result


def _not_itself(module: Module, result: object) -> str:
    """What is wrong if the import of a module's name has not brought this file; "" if it has."""
    if not is_a(result, ModuleType):
        return f"it puts a {class_name(result)} in its own place in sys.modules. Leave it there."
    spec = names_in(result).get("__spec__")
    if not is_a(spec, ModuleSpec):
        return "it changes its __spec__, which Python has made. Leave it as it is."
    origin = spec.origin
    if not origin or not module.file.is_absolute() or origin == str(module.file):
        return ""
    if Path(origin).resolve() == module.file.resolve():
        return ""
    return f"{origin} has its name, and comes first. Rename one of them."


def _not_imported(module: Module, error: BaseException, limit: ImportLimit) -> DefinitionError:
    """The error of a file. An exception's class is the author's, and may do what it likes."""
    if type(error) is ImportTooLong:
        where = _line_of(error.__context__ or error, module.file)
        what = f"can't be imported: {error}{where}. Do less at the import, and more in the task."
        return refused(module.path, what, error)
    try:
        return limit.load(lambda: _explained(module, error))
    except BaseException:
        what = f"can't be imported: it raises a {class_name(error)}, which can't be shown."
        return refused(module.path, f"{what} Fix the file, or move it out.")


def _explained(module: Module, error: BaseException) -> DefinitionError:
    file = module.path
    traceback.format_exception(error)  # a log will do it, too
    if isinstance(error, DefinitionError) and str(module.file) in error.message:
        return DefinitionError(error.message, data={"file": file})
    if isinstance(error, DefinitionError):  # of another file, which this one imports or calls
        return refused(file, f"can't be imported: {error.message}", error)
    if isinstance(error, ModuleNotFoundError) and error.name == module.name.partition(".")[0]:
        return refused(file, "is missing: there is no such package. Create the file.", error)
    reason = f"{type(error).__name__}: {to_text(error)}"[:_MAX_REASON_CHARACTERS]
    return refused(
        file,
        f"can't be imported: {reason}{_line_of(error, module.file)}. Fix the file, or move it out.",
        error,
    )


def _line_of(error: BaseException, file: Path) -> str:
    """Where in the file it was raised; a syntax error's text says it."""
    if is_a(error, SyntaxError):
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename.endswith(file.as_posix())]
    return f" (line {lines[-1]})" if lines else ""


def _made_by(modules: dict[str, ModuleType]) -> list[Definition]:
    """The definitions of modules, in the order of these, and then in which they were made.

    A definition belongs to the innermost of the modules that were being imported when it was made.
    One that was made before, by a module of another package, belongs to those that have its name.
    """
    order = {name: number for number, name in enumerate(modules)}
    made: dict[int, tuple[int, int, Definition]] = {}
    for kept in all_kept():
        if type(kept) is Definition and (owner := _owner_of(kept, order)) is not None:
            made[id(kept)] = (owner, _number_of(kept), kept)
    for name, module in modules.items():
        for value in list(names_in(module).values()):
            if type(value) is Definition and _is_foreign(value, order):
                made.setdefault(id(value), (order[name], _number_of(value), value))
    return [definition for *_, definition in sorted(made.values(), key=lambda each: each[:2])]


def _owner_of(definition: Definition, order: dict[str, int]) -> int | None:
    origin = origin_of(definition)
    names = origin.modules if origin else ()
    return next((order[name] for name in names if name in order), None)


def _is_foreign(definition: Definition, order: dict[str, int]) -> bool:
    """Whether no module of the package has made it. Of theirs, only what is kept is current."""
    return _owner_of(definition, order) is None


def _number_of(definition: Definition) -> int:
    origin = origin_of(definition)
    return origin.number if origin else 0


def _is_sound(definition: Definition, found: _Found) -> bool:
    """Whether a definition is still one that `@task` would make: its file may have changed it."""
    try:
        check(definition)
    except found.stops:
        raise
    except BaseException as error:
        found.problems.append(_changed(definition, error))
        return False
    return True


def _changed(definition: Definition, error: BaseException) -> DefinitionError:
    if type(error) is DefinitionError:
        return error
    origin = origin_of(definition)
    what = f"has a task whose values can't be read ({class_name(error)}). Leave them as @task() set"
    return refused(origin.place if origin else "a file", f"{what} them.")


def _problem_of(definition: Definition, made: Sequence[Definition]) -> DefinitionError | None:
    for other in made:
        shared = [name for name in names_of(other) if name in names_of(definition)]
        if shared and other is not definition:
            return same_name(min(shared), *sorted((definition, other), key=_number_of))
    return _undone(definition)


def _undone(definition: Definition) -> DefinitionError | None:
    """The error of a definition that another decorator has wrapped: nothing would run that."""
    origin = origin_of(definition)
    if origin is None:
        return None
    bound = origin.found_under_its_name()
    is_wrapped = inspect.getattr_static(bound, "__wrapped__", None) is definition
    if is_wrapped or (origin.is_decorated and not is_a(bound, Definition)):
        return refused(
            origin.place,
            f'has a decorator above @task() of "{definition.id}", which would never run. '
            "Put @task() first, above the others.",
        )
    return None
