"""How mistakes are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from clouddeploy.app.problems import Problem, did_you_mean, nearest, problem, report
from clouddeploy.app.textfile import MOST_BYTES, read_text
from clouddeploy.errors import ConfigError

HERE = Path("app.yaml")


def test_a_problem_has_place_lines_caret_and_what_was_not_changed() -> None:
    error = problem(HERE, "a: 1\nb: 2\nc: 3\nd: 4\n", 3, 4, "too much", fix="less")
    assert error.message == (
        "app.yaml:3:4: too much\n  1 | a: 1\n  2 | b: 2\n  3 | c: 3\n    |    ^\nnothing was changed"
    )
    assert (error.fix, error.exit_code) == ("less", 2)


def test_several_come_in_the_order_of_the_file_with_their_fixes() -> None:
    error = report(HERE, "a\nb\n", [Problem(2, 1, "second"), Problem(1, 1, "first", "mend it")])
    assert error.message == (
        "app.yaml:1:1: first\n  1 | a\n    | ^\n  fix: mend it\n"
        "app.yaml:2:1: second\n  1 | a\n  2 | b\n    | ^\nnothing was changed"
    )
    assert error.fix == "correct these places in app.yaml and run the same command again"


def test_at_most_ten_are_shown() -> None:
    error = report(HERE, "x\n" * 30, [Problem(line, 1, f"number {line}") for line in range(1, 14)])
    assert "number 10\n" in error.message
    assert "number 11" not in error.message
    assert error.message.endswith("and 3 more\nnothing was changed")


def test_the_caret_stands_under_wide_characters_and_tabs() -> None:
    error = problem(HERE, "名前\t: x", 1, 6, "here")
    assert error.message.splitlines()[1:3] == ["  1 | 名前 : x", "    |        ^"]


def test_control_characters_cannot_reach_the_terminal() -> None:
    assert "\x1b" not in problem(HERE, "a: \x1b[31m", 1, 1, "here").message


def test_of_a_long_line_only_the_part_around_the_caret_is_shown() -> None:
    error = problem(HERE, "x" * 5000 + "HERE" + "y" * 5000, 1, 5001, "here")
    shown, caret = error.message.splitlines()[1:3]
    assert len(shown) < 160
    assert shown[caret.index("^") :].startswith("HERE")


def test_values_that_look_secret_are_masked_where_they_stand() -> None:
    error = problem(HERE, "env: {DB_PASSWORD: hunter2, b: 1}\napi_token: abc\n  x: 1\n", 3, 3, "here")
    assert error.message.splitlines()[1:3] == [
        "  1 | env: {DB_PASSWORD: *******, b: 1}",
        "  2 | api_token: ***",
    ]


def test_a_place_behind_the_end_is_drawn_too() -> None:
    assert problem(HERE, "", 9, 9, "here").message.startswith("app.yaml:9:9: here\n")


def test_the_nearest_word_is_offered_only_when_it_is_near() -> None:
    assert nearest("prot", ["port", "path"]) == "port"
    assert did_you_mean("prot", ["port", "path"]) == ' (did you mean "port"?)'
    assert did_you_mean("zzz", ["port", "path"]) == ""


class TestFiles:
    def test_text_is_read_without_its_byte_order_mark(self, tmp_path: Path) -> None:
        (tmp_path / "f").write_bytes(b"\xef\xbb\xbfa: \xc3\xa9")
        assert read_text(tmp_path / "f") == "a: é"

    @pytest.mark.parametrize(
        ("content", "message", "fix"),
        [
            (b"ok\n\xff\xfe", "f:2: not UTF-8 text", "save f as UTF-8"),
            (b"x" * (MOST_BYTES + 1), "f is larger than 1 MiB", "check that this is the right file"),
        ],
    )
    def test_unfit_contents(self, folder: Path, content: bytes, message: str, fix: str) -> None:
        (folder / "f").write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            read_text(folder / "f")
        assert (caught.value.message, caught.value.fix) == (message, fix)

    @pytest.mark.parametrize(
        ("name", "message", "fix"),
        [
            ("none", "none does not exist", "check the path"),
            ("dir", "dir is a folder, not a file", "give the path of the file in it"),
            ("file/x", "file/x cannot be read: Not a directory", "make file/x readable"),
            ("a\0b", "a\0b cannot be read: embedded null byte", "make a\0b readable"),
        ],
    )
    def test_unfit_paths(self, folder: Path, name: str, message: str, fix: str) -> None:
        (folder / "dir").mkdir()
        (folder / "file").touch()
        with pytest.raises(ConfigError) as caught:
            read_text(folder / name)
        assert (caught.value.message, caught.value.fix) == (message, fix)
