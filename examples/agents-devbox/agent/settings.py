"""Settings: a YAML file whose place the environment names."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent.parent


@dataclass
class Settings:
    name: str = "devbox"
    log_level: str = "info"
    system_prompt: str = ""
    max_turns: int = 20
    required_tools: list[str] = field(default_factory=list)
    skills_dir: Path = Path("/opt/skills")
    workspace: Path = HERE


def load(path: str | None = None) -> Settings:
    path = path or os.environ.get("AGENT_CONFIG") or str(HERE / "config" / "agent.yaml")
    with open(path, encoding="utf-8") as file:
        raw = yaml.safe_load(file) or {}
    prompt = raw.get("prompt", {})
    return Settings(
        name=raw.get("name", "devbox"),
        log_level=raw.get("log_level", "info"),
        system_prompt=prompt.get("system", ""),
        max_turns=int(prompt.get("max_turns", 20)),
        required_tools=list(raw.get("required_tools", [])),
        skills_dir=Path(os.environ.get("SKILLS_DIR", "/opt/skills")),
        workspace=Path(os.environ.get("AGENT_HOME", str(HERE))),
    )
