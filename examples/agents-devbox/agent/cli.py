"""`python -m agent.cli`: a look at the box from inside."""

import shutil

import click
from rich.console import Console
from rich.table import Table

from agent import __version__, settings, skills


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Look at this development box."""


@main.command()
def tools() -> None:
    """List the required tools; exit 1 if one is missing."""
    config = settings.load()
    table = Table("tool", "path")
    missing = 0
    for tool in config.required_tools:
        path = shutil.which(tool)
        missing += path is None
        table.add_row(tool, path or "missing")
    Console().print(table)
    raise SystemExit(1 if missing else 0)


@main.command(name="skills")
def list_skills() -> None:
    """List the skills."""
    for name in skills.names(settings.load().skills_dir):
        click.echo(name)


if __name__ == "__main__":
    main()
