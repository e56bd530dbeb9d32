"""What an installed package brings along."""

from __future__ import annotations

from importlib import metadata

import pytest


@pytest.fixture
def installed():
    try:
        return metadata.distribution("magister")
    except metadata.PackageNotFoundError:
        pytest.skip("it runs from its sources")


def test_it_holds_the_licences_of_what_is_in_it(installed):
    texts = {file.name: file.read_text() for file in installed.files if "licenses" in file.parts}
    assert texts.keys() == {"LICENSE-APACHE", "LICENSE-MIT", "LICENCE-DejaVu.txt", "NOTICE"}
    assert "Erin Catto" in texts["NOTICE"]
    assert "Bitstream" in texts["LICENCE-DejaVu.txt"]


def test_it_needs_nothing_but_numpy(installed):
    assert [needed for needed in installed.requires if "extra ==" not in needed] == ["numpy>=1.24"]
