"""Every piece of Python in the pages for users runs, in order, page by page."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [*sorted((ROOT / "docs" / "python").glob("*.md")), ROOT / "README.md", ROOT / "student-sdk/python/README.md"]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEAVY = ("ray", "stable_baselines3", "torch")


def blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """What stands behind the language, and the code with as many empty lines before it as the page has."""
    text = page.read_text()
    found = BLOCK.finditer(text)
    return [
        (match[2].strip(), "\n" * text.count("\n", 0, match.start(3)) + match[3])
        for match in found
        if match[1] == language
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_a_page_runs(page, tmp_path):
    pieces = [piece for piece in blocks(page, "python") if piece[0] != "no-run"]
    if any(flag == "integrations" for flag, _ in pieces):
        missing = [name for name in HEAVY if importlib.util.find_spec(name) is None]
        if missing:
            pytest.skip(f"needs {', '.join(missing)}: ./check integrations")
    code = "".join(f"exec(compile({piece!r}, {str(page)!r}, 'exec'))\n" for _, piece in pieces)
    program = tmp_path / "page.py"
    program.write_text(f"if __name__ == '__main__':\n    {code.replace(chr(10), chr(10) + '    ')}pass\n")
    done = subprocess.run(
        [sys.executable, "-P", str(program)], capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_python_to_run():
    counts = {page.name: len(blocks(page, "python")) for page in PAGES if page.parent.name == "python"}
    assert counts["connect-your-student.md"] >= 10
    assert sum(counts.values()) >= 20


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_exist(page):
    """`magister ...` commands, files that are run, and links within the repository."""
    for _, piece in blocks(page, "sh"):
        for line in piece.splitlines():
            words = line.split("#")[0].split()
            if words[:1] == ["magister"]:
                subcommands = [word for word in words[1:] if re.fullmatch(r"[a-z][a-z-]*", word)][:1]
                done = subprocess.run([sys.executable, "-m", "magister", *subcommands, "--help"], capture_output=True)
                assert done.returncode == 0, line
            for word in words:
                if word.endswith(".py") and "/" in word:
                    assert (ROOT / word).is_file(), line
    for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_the_reference_is_current():
    script = ROOT / "student-sdk" / "python" / "generate_reference"
    done = subprocess.run([sys.executable, "-P", str(script), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
