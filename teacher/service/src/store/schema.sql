-- The tables of a Magister store. Times are milliseconds since the Unix epoch. `position` is an event's place in the order of its curriculum.
-- A task's values are a JSON list, one number per axis of the space, in the order of the space.

CREATE TABLE curricula (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    -- NULL once deleted; the rows below are then removed bit by bit.
    name TEXT UNIQUE,
    -- JSON: space, teacher, seed, return range, test set, live settings at the start.
    charter TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    request_fingerprint INTEGER NOT NULL
);

CREATE TABLE tasks (
    curriculum INTEGER NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    "values" TEXT NOT NULL,
    student TEXT NOT NULL,
    worker TEXT NOT NULL,
    -- bootstrap, random_task_ratio, no_progress, random_teacher, initial, component, region, mutation, window, particle or
    -- unsolicited
    origin TEXT NOT NULL,
    origin_fit INTEGER,
    origin_component INTEGER,
    origin_probability REAL,
    sampled_at_episode INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    lease_ms INTEGER NOT NULL,
    PRIMARY KEY (curriculum, number)
) WITHOUT ROWID;

CREATE TABLE outcomes (
    curriculum INTEGER NOT NULL,
    task INTEGER NOT NULL,
    position INTEGER NOT NULL,
    -- Number in the order of accepted episodes; NULL for outcomes that do not count.
    episode INTEGER,
    -- completed, infeasible, abandoned or stale
    result TEXT NOT NULL,
    episode_return REAL,
    length INTEGER,
    -- terminated or truncated
    ended TEXT,
    success INTEGER,
    student_step INTEGER,
    message TEXT,
    -- Values as played, where they differ from the task's.
    played TEXT,
    alp REAL,
    nearest_episode INTEGER,
    nearest_distance REAL,
    late INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL,
    PRIMARY KEY (curriculum, task)
) WITHOUT ROWID;

CREATE INDEX outcomes_in_order ON outcomes (curriculum, position);

CREATE TABLE expiries (
    curriculum INTEGER NOT NULL,
    task INTEGER NOT NULL,
    position INTEGER NOT NULL,
    expired_ms INTEGER NOT NULL,
    PRIMARY KEY (curriculum, task)
) WITHOUT ROWID;

CREATE TABLE fits (
    curriculum INTEGER NOT NULL,
    number INTEGER NOT NULL,
    due_episode INTEGER NOT NULL,
    effect_episode INTEGER NOT NULL,
    -- JSON: the mixture, and every number of components that was tried.
    fit TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (curriculum, number)
) WITHOUT ROWID;

CREATE TABLE edits (
    curriculum INTEGER NOT NULL,
    position INTEGER NOT NULL,
    edited_ms INTEGER NOT NULL,
    -- JSON: all live settings after the edit.
    live TEXT NOT NULL,
    -- JSON: the change of the teacher's parameters, if there was one.
    teacher TEXT,
    PRIMARY KEY (curriculum, position)
) WITHOUT ROWID;

CREATE TABLE requests (
    curriculum INTEGER NOT NULL,
    id TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    -- Position after it.
    position INTEGER NOT NULL,
    -- JSON lists of task numbers.
    reported TEXT NOT NULL,
    sampled TEXT NOT NULL,
    PRIMARY KEY (curriculum, id)
) WITHOUT ROWID;

-- Rounds over the test set. They are no events: the teacher never hears of them.
CREATE TABLE evaluations (
    curriculum INTEGER NOT NULL,
    round INTEGER NOT NULL,
    student TEXT NOT NULL,
    student_step INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    -- NULL until every test task has a result.
    completed_ms INTEGER,
    request_id TEXT NOT NULL,
    request_fingerprint INTEGER NOT NULL,
    PRIMARY KEY (curriculum, round)
) WITHOUT ROWID;

CREATE TABLE test_results (
    curriculum INTEGER NOT NULL,
    round INTEGER NOT NULL,
    test_task INTEGER NOT NULL,
    episode_return REAL NOT NULL,
    length INTEGER,
    success INTEGER,
    PRIMARY KEY (curriculum, round, test_task)
) WITHOUT ROWID;

-- The latest bounded state of each curriculum: a shortcut, all of it follows from the other tables.
CREATE TABLE snapshots (
    curriculum INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    state TEXT NOT NULL
);
