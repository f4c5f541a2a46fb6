from flask import Blueprint, abort, jsonify, redirect, render_template, request, url_for
from markdown import markdown
from markupsafe import Markup, escape

from . import notes

pages = Blueprint("pages", __name__)


@pages.get("/")
def index():
    return render_template("index.html", notes=notes.every())


@pages.post("/")
def create():
    title = request.form.get("title", "").strip()
    if not title:
        abort(400, "a note needs a title")
    note_id = notes.add(title, request.form.get("body", ""))
    return redirect(url_for("pages.show", note_id=note_id))


@pages.get("/notes/<int:note_id>")
def show(note_id):
    note = notes.one(note_id) or abort(404)
    # the text is escaped first: Markdown yes, HTML no
    body = Markup(markdown(str(escape(note["body"]))))
    return render_template("note.html", note=note, body=body)


@pages.get("/healthz")
def healthz():
    return jsonify(status="ok", notes=len(notes.every()))
