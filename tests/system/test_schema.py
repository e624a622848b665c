# SPDX-License-Identifier: Apache-2.0
"""Every summary.json fits docs/summary.schema.json, and the schema means it."""

import copy

import jsonschema
import pytest
from harness import ROOT, load_json


@pytest.fixture(scope="module")
def validator():
    schema = load_json(ROOT / "docs" / "summary.schema.json")
    cls = jsonschema.validators.validator_for(schema)
    cls.check_schema(schema)
    return cls(schema)


def check(validator, session):
    errors = [f"{'/'.join(map(str, e.path))}: {e.message}"
              for e in validator.iter_errors(session.summary)]
    assert not errors


def test_maps_fit(validator, exact):
    check(validator, exact)


def test_locks_fit(validator, locks):
    check(validator, locks)


def test_pauses_fit(validator, pauses):
    check(validator, pauses)


def test_schema_is_not_vacuous(validator, exact):
    for member in ("target", "duration_ns", "maps", "gc", "locks", "heap", "crash", "loss",
                   "overhead", "unavailable"):
        damaged = copy.deepcopy(exact.summary)
        del damaged[member]
        assert not validator.is_valid(damaged), f"without {member}"
    damaged = copy.deepcopy(exact.summary)
    damaged["maps"]["assigns"]["hits"] = "many"
    assert not validator.is_valid(damaged)
    damaged = copy.deepcopy(exact.summary)
    damaged["surprise"] = 1
    assert not validator.is_valid(damaged)
