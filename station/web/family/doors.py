"""All pages of families, registered on one blueprint."""

from station.web.family import applying, following, sending
from station.web.family.blueprint import bp

__all__ = ["applying", "bp", "following", "sending"]
