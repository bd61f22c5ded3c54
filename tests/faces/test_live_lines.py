"""The lines of a live migration's screen: what is to be typed can be copied from the narrowest of them."""

from __future__ import annotations

import shlex

import pytest

from tablewright.cli.faces.cells import width
from tablewright.cli.faces.live_lines import beside, command_lines

COMMANDS = (
    "tablewright migrate cutover --job ai-chef-results-to-ai-chef-live-v2-ca0eb1fc",
    "tablewright migrate live --local --source 결과 --key 'PK=세션#{sessionId} 그리고 아주 긴 글' --key SK=META",
)


@pytest.mark.parametrize("columns", [40, 60, 100, 200])
def test_a_command_that_is_wider_than_the_screen_goes_on_as_a_shell_reads_it(columns: int) -> None:
    lines = ["".join(text for text, _ in line) for line in command_lines(COMMANDS, columns)]
    start = next(number for number, line in enumerate(lines) if line.lstrip().startswith("tablewright"))
    words = max(width(word) for command in COMMANDS for word in command.split(" "))
    assert all(width(line) <= max(columns, words + 6) for line in lines)
    typed = "\n".join(lines[start:]).replace("\\\n", " ").split("\n")
    assert [shlex.split(line) for line in typed] == [shlex.split(command) for command in COMMANDS]


def test_blocks_of_hangul_stand_side_by_side() -> None:
    lines = beside([(("테이블", ""),), (("a", ""),)], [(("오른쪽", ""),), (("b", ""),)], 100)
    starts = [width("".join(text for text, _ in line[:-1])) for line in lines]
    assert starts == [50, 50]
