"""Recipes in SQLite, filled from recipes.yaml when the database is new."""

import os
from pathlib import Path

import yaml
from sqlalchemy import JSON, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Recipe(Base):
    __tablename__ = "recipes"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    minutes: Mapped[int]
    ingredients: Mapped[list] = mapped_column(JSON)


def connect(path=None):
    engine = create_engine(f"sqlite:///{path or os.environ.get('RECIPES', '/tmp/recipes.db')}")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        if session.scalar(select(Recipe).limit(1)) is None:
            known = yaml.safe_load((Path(__file__).parent / "recipes.yaml").read_text())
            session.add_all(Recipe(**one) for one in known)
            session.commit()
    return engine
