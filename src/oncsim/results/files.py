"""Files that are either whole or not there, and storage faults said in one line."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from oncsim.errors import RunError


def reason(error: OSError) -> str:
    """Return why a file operation failed, in plain words."""
    known = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EACCES: "permission denied",
        errno.EPERM: "permission denied",
        errno.EROFS: "the file system is read-only",
        errno.EEXIST: "a file of that name is in the way",
        errno.ENOTDIR: "a file stands where a folder is needed",
        errno.EISDIR: "a folder stands where a file is needed",
        errno.ENAMETOOLONG: "the name is too long",
    }
    return known.get(error.errno or 0) or error.strerror or str(error).splitlines()[0]


@contextlib.contextmanager
def storing(path: Path, kept: Callable[[], str] = str) -> Iterator[None]:
    """Turn a storage fault into one line that names the place.

    Parameters
    ----------
    path : Path
        What is being written.
    kept : callable
        Gives a sentence on what is kept, added to the message.

    Raises
    ------
    RunError
        When the block raises :class:`OSError`.
    """
    try:
        yield
    except OSError as error:
        raise RunError(joined(explain(error, path), kept())) from error


def joined(*sentences: str) -> str:
    """Join those sentences that say anything into one line."""
    return "; ".join(filter(None, sentences))


def explain(error: OSError, path: Path) -> str:
    """Return a storage fault as a sentence that names the file, or the place if the fault names none."""
    place = error.filename if isinstance(error.filename, str) else path
    return f"cannot write {place}: {reason(error)}"


def write_text(path: Path, text: str) -> None:
    """Write a text file so that it appears whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a binary file so that it appears whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Any) -> None:
    """Write JSON that people can read, whole or not at all."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file; None when it is missing or not whole."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def listing(folder: Path, leave_out: tuple[str, ...] = ("manifest.json",)) -> dict[str, dict[str, Any]]:
    """Return every file below a folder with its SHA-256 and size, sorted by name."""
    files = (path for path in folder.rglob("*") if path.is_file())
    named = sorted((path.relative_to(folder).as_posix(), path) for path in files)
    return {name: {"sha256": sha256(path), "bytes": path.stat().st_size} for name, path in named if name not in leave_out}


def publish(staged: Path, target: Path) -> None:
    """Put a finished folder in its place in one step; an older one there is taken away afterwards."""
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    if target.exists():
        target.replace(old)
    try:
        staged.replace(target)
    except OSError:
        if old.exists():
            old.replace(target)
        raise
    remove(old)


def remove(folder: Path) -> None:
    """Remove a folder and what is in it; silence when it is not there or cannot be removed."""
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the hold ends with the process, however it ends.

    Raises
    ------
    RunError
        When another process holds the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # No such lock on Windows; two identical runs at once are then the user's care.
        yield
        return
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(f"another process is working on this run ({folder})") from error
        yield
