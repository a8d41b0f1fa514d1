"""A photographer's catalog in memory: photos, stacks, keywords, collections, and what was changed.

The rules are those of the published SDK, in their strictest reading. `changes` counts every write that
changed something.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path, PurePath

from studio_server.demo.lightroom.photos import Keyword, Photo, Refusal, Shelf, read_picture


@dataclass
class Catalog:
    path: str = "/Pictures/Studio.lrcat"
    photos: dict[int, Photo] = field(default_factory=dict)
    stacks: list[list[int]] = field(default_factory=list)
    """Each from top to bottom."""
    keywords: dict[int, Keyword] = field(default_factory=dict)
    shelves: dict[int, Shelf] = field(default_factory=dict)
    changes: int = 0
    added: list[int] = field(default_factory=list)
    """Photos added by the plug-in, in order."""
    busy: list[bool] = field(default_factory=list)
    """For each of the next gates, whether it finds the catalog busy."""
    _last_id: int = 0
    _by_path: dict[str, int] = field(default_factory=dict)
    """Path to the photo that came first; virtual copies share it."""

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    # What the photographer does -------------------------------------------------------------------

    def import_capture(self, path: Path | str, captured_at: str = "", serial: str = "") -> Photo:
        """Add a camera file as the photographer does; it counts as no change of the plug-in's."""
        photo = Photo(self.new_id(), str(path), captured_at, serial)
        self._keep(photo)
        return photo

    def make_virtual_copy(self, photo: Photo) -> Photo:
        copy = replace(photo, id=self.new_id(), copy_of=photo.id, properties=dict(photo.properties))
        self._keep(copy)
        return copy

    def move(self, photo: Photo, path: Path | str) -> None:
        """Rename or move a file inside the catalog, as a person does."""
        del self._by_path[photo.path]
        photo.path = str(path)
        self._keep(photo)

    def remove(self, photo: Photo) -> None:
        """Remove a photo from the catalog; its file stays on the disk."""
        del self._by_path[photo.path], self.photos[photo.id]
        self.stacks = [[member for member in stack if member != photo.id] for stack in self.stacks]

    def _keep(self, photo: Photo) -> None:
        self.photos[photo.id] = photo
        self._by_path.setdefault(photo.path, photo.id)

    # What a person sees -----------------------------------------------------------------------------

    def at(self, path: Path | str) -> Photo:
        """Find the photo at this path. Raises KeyError."""
        found = self.find_path(str(path))
        if found is None:
            raise KeyError(str(path))
        return self.photos[found]

    def stack_of(self, photo: Photo) -> list[Photo]:
        """List the photo's stack from top to bottom; empty if it is in none."""
        stack = next((stack for stack in self.stacks if photo.id in stack), [])
        return [self.photos[number] for number in stack]

    def keyword_paths(self, photo: Photo) -> set[str]:
        return {"|".join(self._names(self.keywords, number)) for number in photo.keywords}

    def collections_of(self, photo: Photo) -> set[str]:
        held = (shelf for shelf in self.shelves.values() if photo.id in shelf.photos)
        return {" / ".join(self._names(self.shelves, shelf.id)) for shelf in held}

    @staticmethod
    def _names(things: dict[int, Keyword] | dict[int, Shelf], number: int | None) -> list[str]:
        names: list[str] = []
        while number is not None:
            names.insert(0, things[number].name)
            number = things[number].parent
        return names

    # Queries ------------------------------------------------------------------------------------------

    def find_path(self, path: str) -> int | None:
        return self._by_path.get(path)

    def find_property(self, name: str) -> list[int]:
        return [photo.id for photo in self.photos.values() if photo.properties.get(name) is not None]

    def find_days(self, first: str, last: str) -> list[int]:
        date.fromisoformat(first), date.fromisoformat(last)
        return [
            photo.id
            for photo in self.photos.values()
            if photo.captured_at and first <= photo.captured_at[:10] <= last
        ]

    # Writes -------------------------------------------------------------------------------------------

    def add(self, path: str, parent: int | None, position: str) -> int:
        """Add the picture at `path`, stacked with `parent`. Raises Refusal."""
        if self.find_path(path) is not None:
            raise Refusal(f"addPhoto: {path} is in the catalog already")
        captured_at, serial = read_picture(path)
        photo = Photo(self.new_id(), path, captured_at, serial)
        if parent is not None:
            self._stack(photo, self.photos[parent], position)
        self._keep(photo)
        self.added.append(photo.id)
        self.changes += 1
        return photo.id

    def _stack(self, photo: Photo, parent: Photo, position: str) -> None:
        # That stacks end at a folder's edge is what users report; the SDK's reference does not say it.
        if PurePath(photo.path).parent != PurePath(parent.path).parent:
            raise Refusal("addPhoto: only photos of one folder can be stacked")
        if parent.copy_of is not None:
            raise Refusal("addPhoto: a virtual copy cannot carry the stack of its master")
        stack = next((stack for stack in self.stacks if parent.id in stack), None)
        if stack is None:
            stack = [parent.id]
            self.stacks.append(stack)
        stack.insert(stack.index(parent.id) + (position == "below"), photo.id)

    def keyword(self, name: str, parent: int | None, return_existing: bool) -> tuple[int | None, bool]:  # noqa: FBT001 - the SDK's own signature
        """(id, whether it is new); no id if it exists and was not to be returned."""
        for known in self.keywords.values():
            if (known.name, known.parent) == (name, parent):
                return (known.id if return_existing else None), False
        if not name.strip() or any(mark in name for mark in ",;|"):
            raise Refusal(f"createKeyword: {name!r} is not a keyword")
        keyword = Keyword(self.new_id(), name, parent)
        self.keywords[keyword.id] = keyword
        self.changes += 1
        return keyword.id, True

    def shelf(self, kind: str, name: str, parent: int | None, return_prior: bool) -> tuple[int | None, bool]:  # noqa: FBT001 - the SDK's own signature
        for known in self.shelves.values():
            if (known.name, known.parent) == (name, parent):
                return (known.id if return_prior and known.kind == kind else None), False
        if not name.strip():
            raise Refusal(f"{kind}: a name is needed")
        shelf = Shelf(self.new_id(), kind, name, parent)
        self.shelves[shelf.id] = shelf
        self.changes += 1
        return shelf.id, True

    def put_on_shelf(self, shelf: int, photo: int) -> None:
        photos = self.shelves[shelf].photos
        if photo not in photos:
            photos.append(photo)
            self.changes += 1

    def add_keyword(self, photo: int, keyword: int) -> None:
        keywords = self.photos[photo].keywords
        if keyword not in keywords:
            keywords.add(keyword)
            self.changes += 1
