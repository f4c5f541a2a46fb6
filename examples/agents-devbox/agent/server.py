"""The HTTP interface: health, tools, skills and the system prompt."""

import shutil

from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from jinja2 import Environment, StrictUndefined

from agent import __version__, settings, skills

app = FastAPI(title="agents-devbox", version=__version__)
config = settings.load()
templates = Environment(undefined=StrictUndefined, autoescape=False)


@app.get("/health")
def health() -> dict:
    return {"status": "ok", "name": config.name, "version": __version__}


@app.get("/tools")
def tools() -> dict:
    """Where each required tool is, or null."""
    return {tool: shutil.which(tool) for tool in config.required_tools}


@app.get("/skills")
def list_skills() -> list[str]:
    return skills.names(config.skills_dir)


@app.get("/skills/{name}", response_class=PlainTextResponse)
def one_skill(name: str) -> str:
    try:
        return skills.read(config.skills_dir, name)
    except KeyError:
        raise HTTPException(status_code=404, detail="no such skill") from None


@app.get("/prompt", response_class=PlainTextResponse)
def prompt() -> str:
    return templates.from_string(config.system_prompt).render(
        workspace=config.workspace
    )
