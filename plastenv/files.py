"""Files: written whole or not at all; YAML read with the line of every key."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 256 * 1024  # of a YAML file
DEEPEST = 50  # lists and mappings of a YAML file inside each other
PLAINLY = {  # what the parser says (the first that fits) and what a person who writes YAML seldom can act on
    "mapping values are not allowed": "a ':' where none can stand; indent keys alike, quote a text that holds ': '",
    "sequence entries are not allowed": "a '-' where none can stand; give every entry of a list its own line",
    "but found '<block": "a line that is indented unlike those it belongs to",
    "expected <block end>": "something behind a text, list or mapping that has ended; mind quotes and brackets",
    "could not find expected ':'": "a key without its ':'",
    "'\\t' that cannot start any token": "a tab, expected spaces",
    "cannot start any token": "a text that begins with a sign of YAML's own; quote it",
    "expected ',' or": "brackets that are not closed, or a ',' that is missing in them",
    "unexpected end of stream": "a quote that is not closed",
}


class FileError(ValueError):
    """A YAML file that cannot be read: which, on which line where that is known, and what is wrong."""

    def __init__(self, path: Path, problem: str, line: int | None = None) -> None:
        super().__init__(f"{path}, line {line}: {problem}" if line else f"{path}: {problem}")
        self.problem, self.line = problem, line


class Mapping(dict[str, Any]):
    """A mapping of a YAML file; `lines` says on which line each key stands, '' is the mapping itself."""

    lines: dict[str, int]


class _RefusedError(Exception):
    """What YAML allows and a file of plain values has no use for."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line, self.problem = line, problem


class _Lines(yaml.SafeLoader):
    """A safe loader that remembers where every mapping's keys stand and refuses what plain values have no use for."""


def _mapping(loader: _Lines, node: yaml.MappingNode) -> Mapping:
    found = Mapping()
    found.lines = {"": node.start_mark.line + 1}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise _RefusedError(line, f"key {key!r} is not a word")
        if key in found:
            raise _RefusedError(line, f"key '{key}' is given twice")
        found[key] = loader.construct_object(value_node, deep=True)
        found.lines[key] = line
    return found


_Lines.add_constructor("tag:yaml.org,2002:map", _mapping)


def _text(path: Path, what: str, keys: str) -> str:
    if path.is_dir():
        raise FileError(path, f"is a directory, expected {what} (YAML)")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise FileError(path, f"{size} bytes; {what} has at most {MAX_BYTES}")
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise FileError(path, f"is not text (UTF-8), expected {what} (YAML)") from None
    except OSError as error:
        raise FileError(path, error.strerror or str(error)) from None
    if not text.strip():
        raise FileError(path, f"is empty, expected the keys {keys}")
    return text


def _plain(text: str) -> None:
    """Refuse what is more than plain values in moderately nested lists and mappings."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _RefusedError(line, "anchors and aliases (& and *) are not allowed")
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise _RefusedError(line, "a second document, begun by '---', expected one")
        tag = getattr(event, "tag", None)
        if tag:
            raise _RefusedError(line, f"tag '{tag}' is not allowed, expected plain values")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:  # far below what would exhaust the parser
            raise _RefusedError(line, f"more than {DEEPEST} lists and mappings inside each other")


def read_yaml(path: Path, what: str, keys: Iterable[str]) -> Mapping:
    """Return the mapping that a YAML file holds; every mapping in it knows the lines of its keys.

    `what` names such a file and `keys` what it may hold, for complaints. Raises FileError for a file that is
    missing, huge, empty, not UTF-8, not YAML or no mapping, and for keys given twice, anchors, aliases, tags and
    deep nesting.
    """
    expected = ", ".join(keys)
    text = _text(path, what, expected)
    try:
        _plain(text)
        document = yaml.load(text, Loader=_Lines)  # noqa: S506 - a SafeLoader
    except _RefusedError as refused:
        raise FileError(path, refused.problem, refused.line) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if str(getattr(error, "context", None)).startswith(("while scanning a ", "while parsing a flow ")):
            mark = getattr(error, "context_mark", None) or mark  # where it began
        said = getattr(error, "problem", None) or str(error).splitlines()[0]
        problem = next((plain for theirs, plain in PLAINLY.items() if theirs in said), said)
        raise FileError(path, f"is not YAML: {problem}", mark.line + 1 if mark else None) from None
    except ValueError as error:  # such as a date that does not exist
        raise FileError(path, f"is not YAML: {error}") from None
    if not isinstance(document, Mapping):
        raise FileError(path, f"expected the keys {expected}", 1)
    return document


class whole:  # noqa: N801 - reads as a verb
    """A temporary file beside `path` that takes its place once the block has succeeded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Path:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        os.close(handle)
        self.temporary = Path(name)
        return self.temporary

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.temporary.unlink(missing_ok=True)
            return
        with open(self.temporary, "rb") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        self.temporary.chmod(0o666 & ~umask)
        os.replace(self.temporary, self.path)
