"""Domain values <-> JSON, driven by the values' own type annotations: no second list of fields to keep."""

import types
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints


def dump(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return {field.name: dump(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted(dump(item) for item in value)
    if isinstance(value, tuple | list):
        return [dump(item) for item in value]
    raise TypeError(value)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


T = TypeVar("T")


def load(kind: type[T], data: Any) -> T:  # noqa: ANN401 - JSON has no narrower type
    """Raises KeyError or ValueError for what does not fit: a row that is not ours is never guessed at."""
    hints = _hints(kind)  # type: ignore[arg-type]  # classes are hashable
    present = {field.name for field in fields(kind)} & set(data)  # type: ignore[arg-type]  # kind is a dataclass
    return kind(**{name: _load(hints[name], data[name]) for name in present})


def _load(kind: Any, data: Any) -> Any:  # noqa: ANN401 - annotations are values of many types
    kind = getattr(kind, "__supertype__", kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        inner = [arg for arg in args if arg is not type(None)]
        return None if data is None else _load(inner[0], data)
    if origin in (tuple, frozenset):
        return origin(_load(args[0], item) for item in data)
    if kind is datetime:
        return datetime.fromisoformat(data)
    if is_dataclass(kind):
        return load(kind, data)  # type: ignore[arg-type]  # a dataclass is a type here, never an instance
    return kind(data)
