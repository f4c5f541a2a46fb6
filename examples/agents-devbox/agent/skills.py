"""Skills are Markdown files whose first line is a heading."""

from pathlib import Path


def names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.stem for path in folder.glob("*.md"))


def read(folder: Path, name: str) -> str:
    if name not in names(folder):
        raise KeyError(name)
    return (folder / f"{name}.md").read_text(encoding="utf-8")
