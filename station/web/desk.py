"""Placeholder while this page family is written."""

from flask import Blueprint

bp = Blueprint("desk", __name__)
