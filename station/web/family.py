"""Placeholder while this page family is written."""

from flask import Blueprint

bp = Blueprint("family", __name__)
