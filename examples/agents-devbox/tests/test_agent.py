import pytest
from fastapi.testclient import TestClient

from agent import server, skills

client = TestClient(server.app)


def test_health():
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_prompt_names_the_workspace():
    assert str(server.config.workspace) in client.get("/prompt").text


def test_tools_are_those_of_the_settings():
    assert list(client.get("/tools").json()) == server.config.required_tools


def test_skills(tmp_path):
    (tmp_path / "review.md").write_text("# Review\n")
    assert skills.names(tmp_path) == ["review"]
    assert skills.read(tmp_path, "review") == "# Review\n"
    with pytest.raises(KeyError):
        skills.read(tmp_path, "../secrets")


def test_unknown_skill_is_404():
    assert client.get("/skills/nope").status_code == 404
