"""Part of the seventh schema as SQL: what the register of elders keeps beside the records."""

# A draft about a new elder is sealed under its own key, one about a record under the elder's.
DRAFTS = """
CREATE TABLE draft (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  form_id TEXT NOT NULL UNIQUE,
  staff_id INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
  elder_id INTEGER REFERENCES elder (id) ON DELETE CASCADE,
  content BLOB NOT NULL,
  photo BLOB,
  saved_at TEXT NOT NULL
) STRICT

CREATE INDEX draft_by_staff ON draft (staff_id)
"""

# Every change of what a search shows gets a number higher than any before; a search reads only what is new to it.
CHANGES = """
CREATE TABLE elder_change (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  elder_id INTEGER NOT NULL UNIQUE REFERENCES elder (id) ON DELETE CASCADE
) STRICT

INSERT INTO elder_change (elder_id) SELECT id FROM elder ORDER BY id

CREATE TRIGGER elder_is_new AFTER INSERT ON elder
BEGIN INSERT INTO elder_change (elder_id) VALUES (new.id); END

CREATE TRIGGER elder_has_changed AFTER UPDATE OF station, community_id, status, name ON elder
BEGIN INSERT OR REPLACE INTO elder_change (elder_id) VALUES (new.id); END
"""

# Who may consent, and how, beyond what the first schema knew.
GIVEN_BY = ("agreed",)
MEANS = ("pictures",)

# A badge is worn on trial before anybody decides. Why it was not wanted is kept with the refusals.
TRIALS = """
CREATE TABLE badge_trial (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  elder_id INTEGER NOT NULL REFERENCES elder (id) ON DELETE CASCADE,
  form TEXT NOT NULL CHECK (form IN ('badge', 'cloth', 'card')),
  lent_at TEXT NOT NULL,
  ask_on TEXT NOT NULL,
  lent_by INTEGER REFERENCES staff (id),
  outcome TEXT CHECK (outcome IN ('wears', 'undecided', 'refused', 'lost')),
  ended_at TEXT,
  ended_by INTEGER REFERENCES staff (id),
  CHECK ((outcome IS NULL) = (ended_at IS NULL))
) STRICT

CREATE UNIQUE INDEX one_trial_at_a_time ON badge_trial (elder_id) WHERE ended_at IS NULL

CREATE INDEX badge_trial_to_ask ON badge_trial (ask_on) WHERE ended_at IS NULL
"""

# A nursing home with its desk, which is a contact of everybody who lives there: `contact_id` is that row of an elder.
INSTITUTIONS = """
CREATE TABLE institution (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  station INTEGER NOT NULL REFERENCES station (number),
  name TEXT NOT NULL,
  desk BLOB NOT NULL,
  desk_first INTEGER NOT NULL DEFAULT 1 CHECK (desk_first IN (0, 1)),
  channel_id INTEGER REFERENCES channel (id),
  created_at TEXT NOT NULL,
  UNIQUE (station, name)
) STRICT

CREATE TABLE institution_elder (
  elder_id INTEGER PRIMARY KEY REFERENCES elder (id) ON DELETE CASCADE,
  institution_id INTEGER NOT NULL REFERENCES institution (id),
  contact_id INTEGER UNIQUE REFERENCES contact (id) ON DELETE SET NULL,
  since TEXT NOT NULL
) STRICT

CREATE INDEX institution_elder_by_institution ON institution_elder (institution_id)
"""

# Who is over 60 stays so: kept in the clear, so that counting opens no record but those of the younger. A register that
# goes out waits sealed under a key of its own, which ends with it.
FIGURES_AND_EXPORTS = """
ALTER TABLE elder ADD COLUMN age_group TEXT CHECK (age_group IN ('over', 'under', 'unknown'))

CREATE TABLE elder_export (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  station INTEGER NOT NULL REFERENCES station (number),
  kind TEXT NOT NULL CHECK (kind IN ('xlsx', 'csv')),
  form_id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'ready', 'ended')),
  done INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  content BLOB,
  staff_id INTEGER NOT NULL REFERENCES staff (id),
  created_at TEXT NOT NULL,
  ready_at TEXT,
  CHECK ((state = 'ready') = (content IS NOT NULL))
) STRICT

CREATE INDEX elder_export_alive ON elder_export (staff_id, id) WHERE state <> 'ended'
"""

SCRIPTS = (DRAFTS, CHANGES, TRIALS, INSTITUTIONS, FIGURES_AND_EXPORTS)
