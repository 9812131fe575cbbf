from pathlib import Path
from types import ModuleType

import nurseries


def test_what_is_exported_exists_and_is_sorted() -> None:
    assert nurseries.__all__ == sorted(nurseries.__all__)
    for name in nurseries.__all__:
        assert getattr(nurseries, name) is not None


def test_what_its_modules_are_for_is_exported() -> None:
    for name, value in vars(nurseries).items():
        if not name.startswith("_") and not isinstance(value, ModuleType):
            assert name in nurseries.__all__


def test_its_types_are_published() -> None:
    assert (Path(nurseries.__file__).parent / "py.typed").is_file()
