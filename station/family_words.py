"""Fixed words that families read in their applications; what finders may read as well is in vocabulary.py."""

from station.vocabulary import N_

# What a reviewer may ask a family about: the pages of an application, in the order in which a family goes through them.
ASKABLE = {
    "name": N_("The elder's name"),
    "birth": N_("Birth date or identity number"),
    "where": N_("Where the elder lives"),
    "you": N_("The applicant and the phone"),
    "contacts": N_("Further contacts"),
    "health": N_("Health notes"),
    "stranger": N_("What a stranger may see"),
    "identity": N_("Picture of the identity card"),
    "portrait": N_("Photo of the elder"),
    "consent": N_("The consents"),
    "other": N_("Something else (write it)"),
}

# Why a badge takes longer than promised; the family reads it.
DELAYS = {
    "many": N_("Many families have applied at once."),
    "unreached": N_("We could not reach you by phone yet."),
    "away": N_("The elder is away or in hospital; we bring the badge afterwards."),
    "machine": N_("The machine that makes badges is being repaired."),
    "material": N_("The material for badges has run out; more is on its way."),
    "again": N_("The badge was not good enough and is being made again."),
    "weather": N_("Snow or storm keeps us from coming; we come as soon as it is safe."),
}

# What the page says of itself when nobody at the station has given a reason.
NOT_REACHED_IN_TIME = N_("We came with the badge and found nobody at home.")
TOO_MANY = N_(
    "More families have applied than we could serve in time. We are sorry; ring us if it is urgent."
)

# What was answered to the question for a consent; consents.ledger.
ANSWERS = {
    "given": N_("given"),
    "taken_back": N_("taken back"),
    "declined": N_("said no"),
}
