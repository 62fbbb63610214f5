"""The rules folder, as bytes."""

from pathlib import Path

from controller.rules.problem import Problem, RulesError
from controller.rules.yaml_text import MAX_BYTES

_SUFFIX = ".yaml"


def read_rules_folder(path: Path) -> dict[str, bytes]:
    """Read every *.yaml of the folder by file name. Raises RulesError where the folder or one of them is unreadable.

    Hidden files and folders are passed over, with them a Kubernetes volume's `..data`; links to files are followed.
    """
    sources, problems = read_what_can_be_read(path)
    if problems:
        raise RulesError(problems)
    return sources


def read_what_can_be_read(path: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """Read the folder as far as possible. At most one byte more than a file may have is read of each."""
    try:
        files = sorted(path.iterdir())
    except OSError as error:
        return {}, [
            Problem(str(path), 0, 0, "", f"the rules folder cannot be read: {error.strerror}; create it or set rules")
        ]
    sources: dict[str, bytes] = {}
    problems: list[Problem] = []
    for file in files:
        if file.name.startswith(".") or file.suffix.lower() not in (_SUFFIX, ".yml"):
            continue
        try:
            sources[file.name] = _read(file)
        except OSError as error:
            problems.append(
                Problem(ascii(file.name)[1:-1], 0, 0, "", f"cannot be read: {error.strerror}; make it a readable file")
            )
        except ValueError as error:
            problems.append(Problem(ascii(file.name)[1:-1], 0, 0, "", str(error)))
    if not sources and not problems:
        problems = [Problem(str(path), 0, 0, "", f"the rules folder holds no *{_SUFFIX} file, write one or set rules")]
    return sources, problems


def _read(file: Path) -> bytes:
    if file.suffix != _SUFFIX:
        raise ValueError(f"only *{_SUFFIX} is read, rename it, or to another suffix if it is not meant")
    if not file.name.isprintable():
        raise ValueError("its name holds characters that cannot be printed, rename it")
    if file.exists() and not file.is_file():
        raise ValueError("it is not a file, rename or remove it")
    with file.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)
