"""The roster's blueprint with all its doors registered."""

from station.web.roster import climate, mine, policy, weekly
from station.web.roster.blueprint import bp

__all__ = ["bp", "climate", "mine", "policy", "weekly"]
