"""Placeholder while this page family is written."""

from flask import Blueprint

bp = Blueprint("health", __name__)
