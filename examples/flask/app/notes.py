import sqlite3

from flask import current_app

SCHEMA = "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL)"


def connect(path=None):
    connection = sqlite3.connect(path or current_app.config["DATABASE"])
    connection.row_factory = sqlite3.Row
    return connection


def init(app):
    with connect(app.config["DATABASE"]) as db:
        db.execute(SCHEMA)


def every():
    with connect() as db:
        return db.execute("SELECT * FROM notes ORDER BY id DESC").fetchall()


def add(title, body):
    with connect() as db:
        return db.execute("INSERT INTO notes (title, body) VALUES (?, ?)", (title, body)).lastrowid


def one(note_id):
    with connect() as db:
        return db.execute("SELECT * FROM notes WHERE id = ?", (note_id,)).fetchone()
