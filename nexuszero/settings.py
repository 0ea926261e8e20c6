"""How a stage's configuration is read: defaults, then a YAML file, then ``key=value`` overrides.

A profile is a YAML mapping from stage to section; a file without stages is one section. Its section ``workspace`` says
where a run lives, and every path that the file does not name follows from that. Paths are relative to the file, those
of the package's own profiles and of overrides to the working directory. Every mistake is an :class:`InputError` of one
line.
"""

from __future__ import annotations

import difflib
import os
import re
import reprlib
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from nexuszero.errors import InputError
from nexuszero.files import SEAL, check_regular, seal_of
from nexuszero.paths import PROFILES

Located = Annotated[Path, "path"]  # a path that is anchored where it is written
MaybeLocated = Annotated[Path | None, "path"]
SQLITE = "sqlite:///"
JOURNAL = "journal:///"
MOST_DEPTH = 100  # of a YAML text
MOST_NODES = 10_000  # values of a YAML text
INTEGER = "tag:yaml.org,2002:int"
MERGE = "tag:yaml.org,2002:merge"
FILE_SCHEMES = (SQLITE, JOURNAL)  # storages that are a file, whose path is anchored
IN_MEMORY = f"{SQLITE}:memory:"


def storage_url(storage: str) -> str:
    """A storage as a URL: a plain file name means SQLite."""
    return storage if "://" in storage else SQLITE + storage


def storage_file(storage: str) -> Path | None:
    """The file behind a storage, if it is one."""
    url = storage_url(storage)
    scheme = next((scheme for scheme in FILE_SCHEMES if url.startswith(scheme)), None)
    if scheme is None or url == IN_MEMORY:
        return None
    return Path(url.removeprefix(scheme).split("?")[0])


Storage = Annotated[str, "path", AfterValidator(storage_url)]


class Frozen(BaseModel):
    """Unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _number_is_no_bool(cls, value: object, info: ValidationInfo) -> object:
        if (
            isinstance(value, bool)
            and cls.model_fields[str(info.field_name)].annotation is not bool
        ):
            raise ValueError("true and false are no numbers")
        return value


class Workspace(Frozen):
    """Where a run lives: four directories, from which all paths of its stages follow."""

    data: Located = Field(description="directory of {train,val,test}/index.h5")
    reports: Located = Field(description="directory of pages and figures")
    checkpoints: Located = Field(description="directory of the trained network")
    trials: Located = Field(description="directory of one log and checkpoint a trial")


class Stage(Frozen):
    """What all stages share."""

    @classmethod
    def places(cls, workspace: Workspace) -> dict[str, Path | str]:
        """The paths of this stage in a workspace, by field."""
        return {}


Model = TypeVar("Model", bound=Frozen)


def path_fields(model: type[Frozen]) -> set[str]:
    """The names of a model's fields that are paths, anchored where they are written."""
    return {
        name for name, field in model.model_fields.items() if "path" in field.metadata
    }


def load(
    model: type[Model],
    path: Path | str | None = None,
    section: str | None = None,
    overrides: Iterable[str] = (),
) -> Model:
    """Reads a stage's configuration; later sources win: defaults, workspace, file, overrides.

    Args:
        model: the stage's model.
        path: a YAML file, or None for the defaults.
        section: the stage's name in a profile; a file without sections is taken whole.
        overrides: texts ``key=value``, the value read as YAML.
    """
    values: dict[str, Any] = {}
    where = "--set"
    if path is not None:
        where = f"{path}" if section is None else f"{path} [{section}]"
        values = _from_file(model, Path(path), section, where)
    given = _parsed(overrides)
    values |= _anchored(model, given, Path.cwd(), "--set")
    return validated(model, values, where, set(given))


def read_section(model: type[Model], path: Path, section: str) -> dict[str, Any]:
    """What a file says of a stage, its paths anchored, not yet validated."""
    return _anchored(
        model, _section(_content(path), path, section), path.parent, str(path)
    )


def _from_file(
    model: type[Model], path: Path, section: str | None, where: str
) -> dict[str, Any]:
    content = _content(path)
    base = Path.cwd() if path.parent == PROFILES else path.parent
    workspace = content.pop("workspace", None)
    if (
        workspace is not None
        and section is not None
        and (not content or _has_sections(content))
    ):
        content.setdefault(
            section, None
        )  # a stage that the file does not name has its paths from the workspace
    values = _anchored(model, _section(content, path, section), base, where)
    if workspace is None or not issubclass(model, Stage):
        return values

    at = f"{path} [workspace]"
    directories = _anchored(Workspace, _mapping(workspace, at), base, at)
    return model.places(validated(Workspace, directories, at, set())) | values


def _content(path: Path) -> dict[str, Any]:
    """What a file says; a seal in it, as ``tune`` writes one, must fit the rest."""
    content = _mapping(_yaml(path), str(path))
    seal = content.pop(SEAL, None)
    if seal is not None and not _fits(seal, content):
        raise InputError(
            f"{path}: is not what was written, damaged or edited; tune again, or delete its line {SEAL} if you meant it"
        )
    return content


def _fits(seal: object, content: dict[str, Any]) -> bool:
    try:
        return seal == seal_of(content)
    except (TypeError, ValueError):  # a date, or no number: nothing that is sealed
        return False


def _section(
    content: dict[str, Any], path: Path, section: str | None
) -> dict[str, Any]:
    if section is None or not (_has_sections(content) or section in content):
        return content
    if section not in content:
        raise InputError(
            f"{path}: no section {section!r}; sections there: {', '.join(map(str, content))}"
        )
    return _mapping(content[section], f"{path} [{section}]")


def _has_sections(content: dict[str, Any]) -> bool:
    return any(isinstance(value, dict) for value in content.values())


def _mapping(content: object, where: str) -> dict[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(
            f"{where}: expected a mapping `key: value`, found {type(content).__name__}"
        )
    return content


def _yaml(path: Path) -> object:
    check_regular(path)
    try:
        return read_yaml(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; name an existing configuration file"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot be read ({error}); name a YAML text file"
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise InputError(
            f"{path}{line}: not valid YAML ({getattr(error, 'problem', None) or error})"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(
            f"{path}: not readable as settings ({_first_line(error)}); write `key: value` lines"
        ) from None


class _Loader(yaml.SafeLoader):
    """YAML as a reader takes it: a key once, `010` and `1:30` no numbers of other bases, aliases within bounds."""

    nodes = 0

    def _ahead(self) -> Any:
        return self.peek_event()  # type: ignore[no-untyped-call]

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node; what aliases repeat counts each time, so that a few lines cannot mean billions."""
        if self.check_event(yaml.AliasEvent):
            self.nodes += _size(self.anchors.get(self._ahead().anchor))
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise ValueError(f"more than {MOST_NODES} values")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A mapping without doubled keys; those that `<<` brings may be given anew."""
        own = [key.value for key, _ in node.value if key.tag != MERGE]
        for key in own:
            if own.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is there twice", node.start_mark
                )
        return super().construct_mapping(node, deep)


def _size(node: Any) -> int:
    """How many values a node means, its own aliases followed, as far as that matters."""
    total = 0
    waiting = [node]
    while waiting and total <= MOST_NODES:
        one = waiting.pop()
        total += 1
        if isinstance(one, yaml.SequenceNode):
            waiting += one.value
        elif isinstance(one, yaml.MappingNode):
            waiting += [part for pair in one.value for part in pair]
    return total


_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag != INTEGER]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    INTEGER, re.compile(r"[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789")
)


def read_yaml(text: str) -> Any:
    """A YAML text as settings are written.

    Raises:
        yaml.YAMLError: it is none, or has a key twice.
        ValueError: a number is too long, or there are too many values.
        RecursionError: it is nested too deep.
    """
    opened = accumulate((letter in "[{") - (letter in "]}") for letter in text)
    if max(opened, default=0) > MOST_DEPTH:
        raise ValueError(f"nested more than {MOST_DEPTH} deep")
    return yaml.load(text, _Loader)  # a subclass of SafeLoader


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _parsed(overrides: Iterable[str]) -> dict[str, Any]:
    values = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InputError(
                f"--set {text}: expected key=value, for instance --set epochs=3"
            )
        try:
            values[key.strip()] = read_yaml(value)
        except (yaml.YAMLError, ValueError, RecursionError, MemoryError):
            raise InputError(
                f"--set {_shortened(text)}: the value is not valid YAML; quote it"
            ) from None
    return values


def _anchored(
    model: type[Frozen], values: dict[str, Any], base: Path, where: str
) -> dict[str, Any]:
    _known(model, values, where)
    paths = path_fields(model)
    return {
        name: _anchor(value, base)
        if name in paths and isinstance(value, str)
        else value
        for name, value in values.items()
    }


def _anchor(value: str, base: Path) -> str:
    scheme = next((scheme for scheme in FILE_SCHEMES if value.startswith(scheme)), "")
    if ("://" in value and not scheme) or value == IN_MEMORY:
        return value
    return scheme + os.path.normpath(base / value.removeprefix(scheme))


def _known(model: type[Frozen], values: dict[str, Any], where: str) -> None:
    names = list(model.model_fields)
    for key in values:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=3)
            remedy = (
                f"did you mean {' or '.join(near)}?"
                if near
                else f"known keys: {', '.join(names)}"
            )
            raise InputError(f"{where}: unknown key {key!r}; {remedy}")


def validated(
    model: type[Model], values: dict[str, Any], where: str, overridden: set[str]
) -> Model:
    """The model of these values, or one line that says which is wrong and where it comes from."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise InputError(
                f"{where}: {first['msg'].removeprefix('Value error, ')}"
            ) from None
        key = str(first["loc"][0])
        source = "--set" if key in overridden else where
        expected = _expected(model, key)
        raise InputError(
            f"{source}: {key}: expected {expected}, found {_shortened(first['input'])}"
        ) from None


def _shortened(value: object) -> str:
    """A value as a line quotes it, whatever its length and depth."""
    quoted = repr(value) if isinstance(value, str) else reprlib.repr(value)
    return quoted if len(quoted) <= 200 else f"{quoted[:100]}..."


def _expected(model: type[Frozen], key: str) -> str:
    field, schema = (
        model.model_fields[key],
        model.model_json_schema()["properties"][key],
    )
    choices = ", ".join(map(str, schema.get("enum", [])))
    kinds = [str(kind.get("type", "value")) for kind in schema.get("anyOf", [schema])]
    kind = (
        f"one of {choices}" if choices else " or ".join(kinds).replace("string", "text")
    )
    return " ".join([kind, *_limits(field.metadata)]) + f" ({field.description})"


def _limits(metadata: list[Any]) -> Iterable[str]:
    for symbol, name in ((">=", "ge"), (">", "gt"), ("<=", "le"), ("<", "lt")):
        for rule in metadata:
            if getattr(rule, name, None) is not None:
                yield f"{symbol} {getattr(rule, name)}"
