"""The fixed words that may be recorded or shown: health notes, page hints, relations, consent items.

Codes are stored; what people read is translated from the English text here.
"""

from collections.abc import Iterable


def N_(text: str) -> str:  # noqa: N802 - gettext's usual marker
    """Mark a text for translation where it is written; it is translated where it is shown."""
    return text


# code -> (letter key at the desk, text). Life-critical ones may be shown to a finder after the "hurt" press.
HEALTH_NOTES = {
    "memory": ("j", N_("Poor memory, loses the way")),
    "speech": ("y", N_("Speaks little or unclearly")),
    "hearing": ("t", N_("Hard of hearing")),
    "sight": ("s", N_("Poor sight")),
    "walking": ("z", N_("Unsteady on the feet, may fall")),
    "mood": ("q", N_("Low or changeable mood")),
    "diabetes": ("d", N_("Diabetes: may need sugar or insulin")),
    "heart": ("x", N_("Heart disease")),
    "stroke": ("c", N_("Has had a stroke")),
    "seizures": ("k", N_("May have seizures")),
    "anticoagulant": ("n", N_("Takes blood thinners: bleeds easily")),
    "allergy": ("g", N_("Allergic to medicine")),
    "asthma": ("h", N_("Asthma or short of breath")),
}
LIFE_CRITICAL = ("diabetes", "heart", "seizures", "anticoagulant", "allergy", "asthma")

# What a family may let every stranger read: ways to help, never a diagnosis.
HINTS = {
    "slowly": N_("Please speak slowly"),
    "loudly": N_("Hears badly: speak clearly, close by"),
    "no_touch": N_("Please do not take by the arm"),
    "no_chase": N_("Please do not run after, walk along"),
    "unsteady": N_("Unsteady on the feet: find a seat"),
    "likes_tea": N_("A warm drink calms"),
    "dialect": N_("Understands the local dialect best"),
    "korean": N_("Speaks Korean"),
    "anxious": N_("Is easily frightened: stay calm, smile"),
    "forgets": N_("Forgets quickly: say it again kindly"),
}
MOST_HINTS = 3

# Relation codes in the order of their number keys at the desk.
RELATIONS = {
    "son": N_("son"),
    "daughter": N_("daughter"),
    "spouse": N_("husband or wife"),
    "in_law": N_("son- or daughter-in-law"),
    "grandchild": N_("grandchild"),
    "sibling": N_("brother or sister"),
    "carer": N_("carer"),
    "neighbour": N_("neighbour"),
    "other": N_("other"),
}

SEXES = {"female": N_("female"), "male": N_("male")}

CONSENT_ITEMS = {
    "record": N_("The station keeps this record and uses it to bring the elder home"),
    "family_place": N_("The contacts learn the place when the badge is scanned"),
    "finding_community": N_("The community where the elder is found learns that the elder is there"),
    "photo": N_("The duty officers see the photo"),
    "health_notes": N_(
        "Ambulance and helpers may be told the health notes; without this only the station and the family know them"
    ),
    "page_call_name": N_("The finder's page shows how to address the elder"),
    "page_hints": N_("The finder's page shows the chosen hints"),
    "page_flags": N_(
        "After pressing “hurt”, the finder sees the life-critical notes (counts together with the health notes)"
    ),
    "finder_photo": N_("In need, the duty officer may show the photo to one finder for half an hour"),
    "finder_health": N_(
        "In need, the duty officer may show the health notes to one finder for the ambulance "
        "(counts together with the health notes)"
    ),
    "voice": N_("The station keeps a clip of a familiar voice and may let one finder play it to the elder"),
    "volunteers": N_(
        "Volunteers may be told that the elder is missing and be asked to help look "
        "(the station has none yet: the answer is kept, and nothing is sent)"
    ),
}
CONSENT_VERSION = "2026-11.2"
# The keys that tick them at the desk: digits, then the letter of 语音 and of 志愿者.
CONSENT_KEYS = dict(zip(CONSENT_ITEMS, "1234567890yz", strict=True))
# What counts only together with another item: who does not let health notes out lets nobody read them.
CONSENT_NEEDS = {"page_flags": "health_notes", "finder_health": "health_notes"}


def in_force(given: Iterable[str]) -> frozenset[str]:
    """Of the items to which somebody said yes those that count, since what they need was agreed to as well."""
    agreed = frozenset(given)
    return frozenset(item for item in agreed if CONSENT_NEEDS.get(item, item) in agreed)


# Who may say yes or no (Civil Code, articles 28 and 33). Who decides alone is asked alone.
GIVEN_BY = {
    "relative": N_("a relative"),
    "elder": N_("the elder"),
    "guardian": N_("the legal guardian"),
    "agreed": N_("the guardian agreed on in writing"),
}
MEANS = {
    "desk": N_("at the desk"),
    "paper": N_("on paper"),
    "online": N_("online"),
    "pictures": N_("with the pictures"),
}

# Whether the elder decides for themselves (Civil Code, articles 21 and 22), and who judged it.
CAPACITIES = {
    "alone": N_("decides alone"),
    "support": N_("decides with support"),
    "none": N_("cannot decide"),
}
JUDGES = {
    "worker": N_("the worker, in a talk"),
    "family": N_("the family"),
    "doctor": N_("a doctor"),
    "court": N_("a court"),
}

# How a trial of a badge ended.
TRIAL_OUTCOMES = {
    "wears": N_("Wants to wear one"),
    "undecided": N_("Has not decided"),
    "refused": N_("Does not want it"),
    "lost": N_("The sample was lost"),
}

ACTS = {
    "opened": N_("opened the page"),
    "with_elder": N_("is with the elder"),
    "called": N_("pressed call"),
    "hurt": N_("says the elder is hurt"),
    "cannot_stay": N_("cannot stay"),
    "gone": N_("only tells where, is not with the elder"),
    "tag_only": N_("found only the badge"),
    "test": N_("is only trying"),
    "phoned": N_("rang the hotline"),
}

# Kinds of places that people name when they say where they are.
LANDMARKS = {
    "shop": N_("shop"),
    "stop": N_("bus stop"),
    "gate": N_("gate"),
    "lamp_post": N_("lamp post"),
    "square": N_("square or park"),
    "school": N_("school"),
    "hospital": N_("hospital or clinic"),
    "station": N_("anti-wandering station"),
    "police": N_("police"),
    "other": N_("other place"),
}

# Whence a point comes when no phone has found it.
BASES = {
    "words": N_("from the words alone"),
    "poster": N_("from the poster at the door"),
    "officer": N_("an officer chose it from the words"),
}

STATES = {
    "alerting": N_("New: nobody has taken it"),
    "acked": N_("Taken"),
    "going": N_("On the way"),
    "with_elder": N_("With the elder"),
    "at_station": N_("At the station"),
    "handed_over": N_("Handed over to the family"),
    "closed": N_("Closed"),
}

OUTCOMES = {
    "reunited": N_("Home with the family"),
    "hospital": N_("Taken to hospital"),
    "police": N_("With the police"),
    "gone_before_arrival": N_("Had gone before we arrived"),
    "family_resolved": N_("The family fetched the elder"),
    "tag_only": N_("Only the badge was found"),
    "false_alarm": N_("False alarm"),
    "test": N_("Test"),
    "drill": N_("Drill"),
    "merged": N_("Belongs to another incident"),
    "died": N_("The elder has died"),
}

BADGE_STATES = {
    "ordered": N_("being made"),
    "made": N_("made, not handed over"),
    "printed": N_("printed, not handed over"),
    "worn": N_("worn"),
    "lost": N_("lost"),
    "replaced": N_("replaced"),
    "revoked": N_("revoked"),
    "returned": N_("returned"),
}

BADGE_FORMS = {
    "badge": N_("round badge"),
    "cloth": N_("cloth label"),
    "card": N_("wallet card"),
}

# What a worker finds who looks at a worn badge.
CHECK_RESULTS = {
    "readable": N_("readable"),
    "worn_out": N_("worn out, hard to read"),
    "missing": N_("missing"),
    "refused": N_("the elder does not want to wear it"),
}

ELDER_STATUSES = {
    "living": N_("living here"),
    "moved": N_("moved away"),
    "deceased": N_("deceased"),
}

ROLES = {
    "worker": N_("community worker"),
    "duty": N_("duty officer"),
    "secretary": N_("community secretary"),
    "operator": N_("operator"),
}

SLOTS = {
    "on_site": N_("on site"),
    "liaison": N_("family liaison"),
    "both": N_("both"),
}

# Why a badge could not be made, by the code of badges.errors.
BADGE_PROBLEMS = {
    "text_missing": N_("A text of the badge is empty. Complete the station's name and hotline."),
    "text_too_long": N_(
        "The station's name is too long for this badge. Shorten it or choose another artwork."
    ),
    "missing_glyph": N_(
        "A character of the station's name cannot be printed. Replace it or install a font that has it."
    ),
    "bad_url": N_("The station's address does not suit a badge. Ask the operator."),
    "unknown_design": N_("This artwork or colour does not exist. Ask the operator."),
    "check_failed": N_("The finished badge could not be read back, so it was not released. Order it again."),
}

# Why somebody does not want a badge.
REFUSALS = {
    "looks": N_("Does not like how it looks"),
    "shame": N_("Does not want to be taken for ill"),
    "privacy": N_("Worries about the data"),
    "no_need": N_("Sees no need yet"),
    "family": N_("The family does not want it"),
    "discomfort": N_("It is in the way or irritates the skin"),
    "other": N_("Another reason"),
}

# What the officer of an incident may show to one finder for half an hour.
SHOWABLE = {
    "call_name": N_("How to address the elder"),
    "photo": N_("Photo"),
    "health_notes": N_("Health notes, for the ambulance"),
    "voice": N_("The familiar voice"),
}

# Why something was shown without the family's consent: life and health alone.
CAUSES = {
    "unconscious": N_("The elder cannot speak or is unconscious"),
    "treatment": N_("The ambulance needs it to treat the elder"),
    "danger": N_("The elder is in danger here and now"),
    "other": N_("Another danger to life or health (write it)"),
}

# What a passer-by finds wrong with a badge.
DOUBTS = {
    "wrong_page": N_("The page is not the station's, or has another number"),
    "asked_for_money": N_("I was asked for money, a code or an app"),
    "copied": N_("The badge looks copied or stuck over"),
    "other": N_("Something else"),
}
