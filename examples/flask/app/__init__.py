"""A notice board: notes in Markdown, kept in SQLite."""

import os

from flask import Flask

from . import notes, views


def create_app(config=None):
    app = Flask(__name__)
    app.config["DATABASE"] = os.environ.get("DATABASE", "/tmp/notes.db")
    app.config.update(config or {})
    notes.init(app)
    app.register_blueprint(views.pages)
    return app
