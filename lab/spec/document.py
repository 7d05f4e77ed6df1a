"""YAML as values that know where they stand."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from lab.spec.errors import SpecError, Trouble
from lab.spec.place import BEGINNING, Path, Place

# Longest text that is read, in characters: a real file has a few thousand.
TEXT_MAX = 1_000_000

# Most values of one document: aliases of aliases make a short text endless.
VALUES_MAX = 50_000


class Document(NamedTuple):
    """One document of a text."""

    value: Any
    keys: Mapping[Path, Place]
    """Where the name of a field stands."""
    values: Mapping[Path, Place]
    """Where its value begins."""

    def at(self, path: Path) -> Place:
        """Where a value stands, or whatever is nearest around it."""
        return _nearest(self.values, path)

    def at_key(self, path: Path) -> Place:
        """Where a field's name stands, or whatever is nearest around it."""
        return self.keys.get(path) or self.at(path)


def documents(text: str, source: str = "") -> tuple[Document, ...]:
    """Those that are not empty. Raises SpecError for what is not YAML, and for what no sane file contains."""
    if len(text) > TEXT_MAX:
        raise _syntax(f"The text has {len(text)} characters, {TEXT_MAX} are allowed.", BEGINNING._replace(source=source))
    try:
        return tuple(_documents(text, source))
    except yaml.MarkedYAMLError as error:
        raise _syntax(f"This is not YAML: {error.problem}.", _place(error.problem_mark or error.context_mark, source)) from error
    except yaml.reader.ReaderError as error:
        raise _syntax(f"This is not YAML: {error.reason}.", _place_of(text, error.position, source)) from error
    except RecursionError as error:
        raise _syntax("It is nested too deeply.", BEGINNING._replace(source=source)) from error


class _Loader(yaml.SafeLoader):
    """YAML 1.2's few words: only true and false are truth values, and 12:30 or 2021-07-21 is text."""

    yaml_implicit_resolvers: Any = {}  # noqa: RUF012 - PyYAML's own attribute


for tag, pattern, first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
    ("float", r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", "-+."),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", yaml.resolver.re.compile(pattern), list(first))


def _documents(text: str, source: str) -> Iterator[Document]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            reading = _Reading(loader, source)
            value = reading.value(loader.get_node(), ())
            if value is not None:
                yield Document(value, reading.keys, reading.values)
    finally:
        loader.dispose()


class _Reading:
    """One document on its way from nodes to values."""

    def __init__(self, loader: _Loader, source: str) -> None:
        self.loader = loader
        self.source = source
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.around: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 - any YAML
        """The node's value; notes where everything in it stands."""
        place = self.values[path] = _place(node.start_mark, self.source)
        if len(self.values) > VALUES_MAX or id(node) in self.around:
            raise _syntax("Its aliases (*) make it endless.", place)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        self.around.add(id(node))
        inside = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._list(node, path)
        self.around.discard(id(node))
        return inside

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:  # noqa: ANN401 - any YAML
        try:
            return self.loader.construct_object(node)
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise _syntax(f"{node.value[:60]} is no {node.tag.rpartition(':')[2]}.", place) from error

    def _list(self, node: yaml.Node, path: Path) -> list[Any]:
        return [self.value(child, (*path, number)) for number, child in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        self._check_once(node)
        self.loader.flatten_mapping(node)
        found = {}
        # What came by << stands first, so that a field of one's own replaces it.
        for key, child in node.value:
            name = self._name(key)
            self.keys[(*path, name)] = _place(key.start_mark, self.source)
            found[name] = self.value(child, (*path, name))
        return found

    def _check_once(self, node: yaml.MappingNode) -> None:
        seen: dict[str, Place] = {}
        for key, _ in node.value:
            place, name = _place(key.start_mark, self.source), self._name(key)
            if name in seen and name != "<<":
                raise _syntax(f"{name} stands here for the second time; the first is in line {seen[name].line}. Keep one of them.", place)
            seen[name] = place

    def _name(self, key: yaml.Node) -> str:
        if not isinstance(key, yaml.ScalarNode):
            raise _syntax("This is no name of a field. Text in braces must be quoted.", _place(key.start_mark, self.source))
        return str(key.value)


def _nearest(places: Mapping[Path, Place], path: Path) -> Place:
    while path and path not in places:
        path = path[:-1]
    return places.get(path, BEGINNING)


def _place(mark: yaml.Mark | None, source: str) -> Place:
    return Place(mark.line + 1, mark.column + 1, source) if mark else BEGINNING._replace(source=source)


def _place_of(text: str, position: int, source: str) -> Place:
    before = text[:position]
    return Place(before.count("\n") + 1, position - before.rfind("\n"), source)


def _syntax(sentence: str, place: Place) -> SpecError:
    return SpecError([Trouble(place, sentence, "syntax")])
