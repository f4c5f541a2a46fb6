import os
import tempfile

scratch = tempfile.TemporaryDirectory()
os.environ["RECIPES"] = scratch.name + "/recipes.db"

from fastapi.testclient import TestClient  # noqa: E402

from server.main import app  # noqa: E402

client = TestClient(app)


def test_the_book_is_not_empty():
    titles = [one["title"] for one in client.get("/api/recipes").json()]
    assert titles == ["Lentil soup", "Pancakes"]


def test_a_recipe_can_be_added():
    added = client.post("/api/recipes", json={"title": "Toast", "minutes": 3})
    assert added.status_code == 201
    assert client.get(f"/api/recipes/{added.json()['id']}").json()["minutes"] == 3


def test_no_recipe_takes_no_time():
    assert client.post("/api/recipes", json={"title": "Air", "minutes": 0}).status_code == 422
