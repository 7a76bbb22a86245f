"""The roster's blueprint with all its doors registered."""

from station.web.roster import mine, policy, weekly
from station.web.roster.blueprint import bp

__all__ = ["bp", "mine", "policy", "weekly"]
