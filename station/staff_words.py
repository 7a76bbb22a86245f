"""Fixed words that only staff read; what finders may read as well is in vocabulary.py."""

import re

from station.vocabulary import CHECK_RESULTS, N_

# Why another badge is made for the same elder; orders.REASONS.
REISSUE_REASONS = {
    "damaged": N_("damaged"),
    "worn_out": N_("worn out"),
    "lost": N_("lost by the elder"),
    "stolen": N_("stolen"),
    "misprinted": N_("misprinted"),
}

# What happened to a printed badge on its way to the door; trips.STEPS.
DELIVERY_STEPS = {
    "taken": N_("taken along"),
    "put_back": N_("put back at the station"),
    "not_home": N_("nobody at home"),
    "agreed": N_("rung, day agreed with the family"),
    "refused": N_("does not want it"),
}

# What a look at a badge really showed, by its result and means (checks.Check); other results say all by themselves.
_SEEN = {
    ("readable", "scan"): N_("its code was read"),
    ("readable", "hand"): N_("looks fine; its code was not read"),
    ("readable", "typed"): N_("handed over by its typed number; its code was not read"),
}


def checked(result: str, means: str) -> str:
    """A look at a badge in words that claim no more than was done; a msgid."""
    return _SEEN.get((result, means)) or CHECK_RESULTS[result]


# Why somebody may be registered already; reviewing.Alike.
ALIKE = {
    "number": N_("same identity number"),
    "name_birth": N_("same name and birth date"),
    "name": N_("same name"),
    "phone": N_("same phone"),
}

# How the applicant's phone was confirmed.
CONFIRMED = {
    "sms": N_("confirmed by text message"),
    "station": N_("confirmed by the code that was read out"),
    "call": N_("confirmed by a call"),
}

# The checks of /healthz, as staff call them.
CHECKS = {
    "database": N_("the records"),
    "sender": N_("the sender of alarms"),
    "jobs": N_("the drawing of badges"),
    "photos": N_("the reading of photos"),
    "web": N_("the web pages"),
    "disk": N_("free room on the disk"),
    "log": N_("the log of the records"),
    "spool": N_("reports that wait"),
    "emergency": N_("the emergency file"),
    "alerts": N_("messages that are late"),
    "clock": N_("the clock of the machine"),
}

# What runs full or wrong in the machine, by the check of /healthz that finds it: the desk and the message of the guards.
GUARDS = {
    "disk": N_("Less than 200 MB are free on the machine's disk: make room. When it is full, reports are kept outside the records only."),
    "log": N_("The log of the records has grown above 64 MB: something holds it open. If it stays so, restart the service."),
    "clock": N_("The machine's clock has jumped: let it follow a time server. Alarms go on meanwhile; times on record may be wrong."),
}  # fmt: skip

# What is looked at every evening: its name, and what to do when it is not as it should be.
TONIGHT = {
    "roster": (N_("Roster of the next 24 hours"), N_("Nobody is on duty for %(minutes)s minutes of the next 24 hours: fill the roster.")),
    "reach": (N_("Reaching everybody on it"), N_("%(count)s on the roster have no two channels on which a message arrived within 30 days: send them a trial.")),
    "machine": (N_("The machine"), N_("The machine needs a look: %(check)s.")),
    "backup": (N_("Backup"), N_("The newest backup is %(hours)s hours old: make one.")),
    "no_backup": (N_("Backup"), N_("No backup has been made: make one.")),
    "certificate": (N_("Certificate of the web address"), N_("The certificate of the web address ends in %(days)s days or could not be had: renew it.")),
    "certificate_unknown": (N_("Certificate of the web address"), N_("Not looked at yet. Press “Ask outside now”.")),
    "hotline": (N_("Test call to the hotline"), N_("No test call to the hotline was answered within 7 days: ring it from another phone, then press the button here.")),
    "drill": (N_("Last drill"), N_("Nobody answered the last drill: find out why, and drill again.")),
    "no_drill": (N_("Last drill"), N_("No drill in the last 8 days.")),
    "balance": (N_("Balance of SMS and voice"), N_("Enough is left.")),
    "balance_messages": (N_("Balance of SMS and voice"), N_("%(channel)s: about %(left)s messages are left, fewer than %(warn)s: buy more soon.")),
    "balance_yuan": (N_("Balance of SMS and voice"), N_("%(channel)s: %(left)s yuan are left in the account, less than %(warn)s: top up soon.")),
    "balance_empty": (N_("Balance of SMS and voice"), N_("%(channel)s: nothing is left. Top up now, or nobody is rung by it.")),
    "balance_failed": (N_("Balance of SMS and voice"), N_("%(channel)s: the balance could not be asked (%(why)s). Mend it, or type the number in.")),
    "balance_unknown": (N_("Balance of SMS and voice"), N_("%(channel)s: not asked yet. Press “Ask outside now”, or type the number in.")),
    "template": (N_("Templates of SMS and voice"), N_("Approved.")),
    "template_in_review": (N_("Templates of SMS and voice"), N_("%(channel)s: its template is still in review, so nothing goes out by it yet.")),
    "template_rejected": (N_("Templates of SMS and voice"), N_("%(channel)s: its template was rejected. Apply with another one (docs/channels.md).")),
    "template_ends": (N_("Templates of SMS and voice"), N_("%(channel)s: the approval of its template ends in %(days)s days: renew it with the provider.")),
    "template_unknown": (N_("Templates of SMS and voice"), N_("%(channel)s: nobody has written down whether its template is approved.")),
    "domain": (N_("Domain"), N_("The domain ends in %(days)s days. Renew it, then write the new day down: without it no badge leads anywhere.")),
    "domain_unknown": (N_("Domain"), N_("Nobody has written down when it ends. Look it up where it was bought.")),
    "holiday": (N_("Public holidays"), N_("%(day)s is a public holiday, and the roster is that of a usual day: ask whether those on it come.")),
    "calendar": (N_("Public holidays"), N_("The public holidays of %(year)s are not known to this machine: the operator installs the new calendar.")),
    "climate": (N_("Local temperatures"), N_("Not set: alarms do not ring faster in the cold. Fill them in under Roster, Temperatures.")),
}  # fmt: skip

# What a message is for, on the list of who was told.
MESSAGES = {
    "soft_notice": N_("page opened"),
    "notice": N_("first notice"),
    "ladder": N_("ring"),
    "place": N_("place"),
    "message": N_("news"),
    "claimed": N_("somebody has it"),
    "closed": N_("closed"),
    "drill": N_("drill"),
    "trial": N_("trial"),
    "roster": N_("roster"),
    "tonight": N_("tonight"),
    "report": N_("weekly report"),
    "entry": N_("code for the family’s pages"),
}

# What the provider said later of a message that it had taken.
RECEIPTS = {
    "delivered": N_("delivered"),
    "failed": N_("not delivered, as the provider reports"),
}

# What came of an attempt, or of a message that was not tried.
ATTEMPTS = {
    "pending": N_("waits"),
    "sending": N_("in the air"),
    "ok": N_("taken by the provider"),
    "retry": N_("not taken, tried again"),
    "permanent": N_("refused for good"),
    "unknown": N_("nobody knows, tried again"),
    "accepted": N_("taken by the provider"),
    "failed": N_("refused for good"),
    "cancelled": N_("called off: somebody had acted"),
}

# What is noted of an attempt in English, with its words; a code or a number stays as it is.
SAID = (
    (re.compile(r"the provider answered (?P<code>\S+): (?P<words>.+)"), N_("the provider answered %(code)s: %(words)s")),
    (re.compile(r"the server answered HTTP (?P<code>\d+)"), N_("the server answered HTTP %(code)s")),
    (re.compile(r"the server answered HTTP (?P<code>\d+); redirects are not followed"), N_("the server answered HTTP %(code)s; redirects are not followed")),
    (re.compile(r"the mail server answered (?P<code>\d+)"), N_("the mail server answered %(code)s")),
)  # fmt: skip

# Directions from the station, by the codes of places.describe.
WINDS = {
    "n": N_("north"),
    "ne": N_("north-east"),
    "e": N_("east"),
    "se": N_("south-east"),
    "s": N_("south"),
    "sw": N_("south-west"),
    "w": N_("west"),
    "nw": N_("north-west"),
}
