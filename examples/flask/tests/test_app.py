import pytest

from app import create_app


@pytest.fixture
def client(tmp_path):
    return create_app({"DATABASE": str(tmp_path / "notes.db"), "TESTING": True}).test_client()


def test_empty_board(client):
    assert b"Nothing here yet." in client.get("/").data


def test_a_note_is_rendered_as_markdown(client):
    answer = client.post("/", data={"title": "Hello", "body": "*soon* <b>"}, follow_redirects=True)
    assert b"<em>soon</em>" in answer.data
    assert b"<b>" not in answer.data


def test_a_note_needs_a_title(client):
    assert client.post("/", data={"title": " "}).status_code == 400


def test_health(client):
    assert client.get("/healthz").json == {"status": "ok", "notes": 0}
