"""Contacts, kept in PostgreSQL; without a database it says so and goes on."""

import os

import psycopg2
from fastapi import FastAPI, HTTPException

api = FastAPI(title="Contacts")


def connection():
    try:
        return psycopg2.connect(os.environ.get("DATABASE_URL", "host=127.0.0.1 connect_timeout=1"))
    except psycopg2.OperationalError as error:
        raise HTTPException(503, f"no database: {type(error).__name__}") from error


@api.get("/healthz")
def health():
    return {"status": "ok", "libpq": psycopg2.extensions.libpq_version()}


@api.get("/contacts")
def contacts():
    with connection() as database, database.cursor() as cursor:
        cursor.execute("SELECT name, mail FROM contacts ORDER BY name")
        return [{"name": name, "mail": mail} for name, mail in cursor]
