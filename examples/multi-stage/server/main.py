"""The recipes as JSON, and the pages that show them."""

from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from .store import Recipe, connect

STATIC = Path(__file__).parent.parent / "static"
app = FastAPI(title="Recipes")
engine = connect()


class NewRecipe(BaseModel):
    title: str = Field(min_length=1, max_length=100)
    minutes: int = Field(gt=0)
    ingredients: list[str] = []


def shown(recipe):
    return {name: getattr(recipe, name) for name in ("id", "title", "minutes", "ingredients")}


@app.get("/healthz")
def healthz():
    return {"status": "ok"}


@app.get("/api/recipes")
def every():
    with Session(engine) as session:
        return [shown(one) for one in session.scalars(select(Recipe).order_by(Recipe.title))]


@app.get("/api/recipes/{number}")
def one(number: int):
    with Session(engine) as session:
        recipe = session.get(Recipe, number)
        if recipe is None:
            raise HTTPException(404, "no such recipe")
        return shown(recipe)


@app.post("/api/recipes", status_code=201)
def add(new: NewRecipe):
    with Session(engine) as session:
        recipe = Recipe(**new.model_dump())
        session.add(recipe)
        session.commit()
        return {"id": recipe.id}


# The pages find their way by themselves, so every path outside the API is the same page.
if STATIC.is_dir():
    app.mount("/assets", StaticFiles(directory=STATIC / "assets"))

    @app.get("/{path:path}")
    def page(path: str):
        return FileResponse(STATIC / "index.html")
