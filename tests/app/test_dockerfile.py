"""Dockerfiles are read by Docker's own grammar."""

from __future__ import annotations

from pathlib import Path

import pytest

from clouddeploy.app.dockerfile import Dockerfile, Instruction, evaluate, pairs, parse_dockerfile

HERE = Path("Dockerfile")


def read(text: str) -> Dockerfile:
    return parse_dockerfile(text, HERE)


def only(text: str) -> Instruction:
    """The one instruction behind `FROM scratch`."""
    (instruction,) = read(f"FROM scratch\n{text}").stages[0].instructions
    return instruction


class TestLines:
    def test_instructions_know_where_they_begin(self) -> None:
        stage = read("# a comment\n\nFROM alpine\n\nRUN one \\\n  two\nUSER me\n").stages[0]
        assert [(each.name, each.line) for each in stage.instructions] == [("RUN", 5), ("USER", 7)]

    def test_names_are_read_in_any_case(self) -> None:
        assert only("run echo").name == "RUN"

    def test_a_continued_line_keeps_the_blanks_of_the_next(self) -> None:
        assert only("RUN one \\\n  two").value == "one   two"

    def test_comments_and_blank_lines_inside_a_continued_line_are_left_out(self) -> None:
        assert only("RUN one \\\n# why\n\n   # indented\n && two").value == "one  && two"

    def test_a_hash_inside_a_line_is_no_comment(self) -> None:
        assert only("RUN echo '# not a comment' # nor this").value == "echo '# not a comment' # nor this"

    def test_an_escaped_escape_does_not_continue_the_line(self) -> None:
        stage = read("FROM scratch\nRUN echo \\\\\nUSER me\n").stages[0]
        assert [each.name for each in stage.instructions] == ["RUN", "USER"]

    def test_blanks_behind_the_escape_do_not_matter(self) -> None:
        assert only("RUN one \\  \t\ntwo").value == "one two"

    def test_a_file_may_end_in_a_continuation(self) -> None:
        assert only("RUN one \\\n").value == "one"

    def test_windows_line_ends_and_a_byte_order_mark_are_understood(self) -> None:
        stage = read("\ufeffFROM alpine\r\nRUN one \\\r\n two\r\n").stages[0]
        assert (stage.base, stage.instructions[0].value) == ("alpine", "one  two")


class TestDirectives:
    def test_the_escape_directive_changes_the_continuation(self) -> None:
        dockerfile = read("# escape=`\nFROM windows\nCOPY a `\n c:\\\nRUN dir\n")
        assert dockerfile.escape == "`"
        assert [each.args for each in dockerfile.stages[0].instructions] == [("a", "c:\\"), ("dir",)]

    def test_directives_may_follow_one_another_in_any_case(self) -> None:
        assert read("# syntax=docker/dockerfile:1\n#ESCAPE = `\nFROM a\n").escape == "`"

    @pytest.mark.parametrize("before", ["# comment", "", "# unknown=1"])
    def test_behind_anything_else_a_directive_is_a_comment(self, before: str) -> None:
        assert read(f"{before}\n# escape=`\nFROM a\n").escape == "\\"


class TestStages:
    def test_a_stage_has_a_base_a_name_and_a_platform(self) -> None:
        stage = read("FROM --platform=$BUILDPLATFORM golang:1.26 as Build\n").stages[0]
        assert (stage.base, stage.name, stage.platform) == ("golang:1.26", "build", "$BUILDPLATFORM")

    def test_args_before_the_first_from_are_kept_apart(self) -> None:
        dockerfile = read("ARG A=1\nARG B=${A}2\nFROM x:$B\n")
        assert dockerfile.globals() == {"A": "1", "B": "12"}
        assert dockerfile.globals({"A": "7"}) == {"A": "7", "B": "72"}

    def test_a_stage_is_found_by_name_in_any_case_or_by_number(self) -> None:
        dockerfile = read("FROM a AS one\nFROM b AS two\nFROM c\n")
        found = [dockerfile.stage(target).base for target in (None, "ONE", "two", "0", "2")]
        assert found == ["c", "a", "b", "a", "c"]

    def test_the_chain_leads_from_the_first_stage_to_the_last_one_built_on_it(self) -> None:
        dockerfile = read("FROM a AS base\nFROM x AS other\nFROM base AS mid\nFROM mid\n")
        assert [stage.base for stage in dockerfile.chain(dockerfile.stage())] == ["a", "base", "mid"]

    def test_a_base_given_by_an_arg_is_followed(self) -> None:
        dockerfile = read("ARG KIND=debug\nFROM a AS run-debug\nFROM b AS run-slim\nFROM run-$KIND\n")
        assert dockerfile.chain(dockerfile.stage())[0].base == "a"
        assert dockerfile.chain(dockerfile.stage(), {"KIND": "slim"})[0].base == "b"

    def test_a_stage_named_like_its_image_is_not_built_on_itself(self) -> None:
        dockerfile = read("FROM nginx AS nginx\n")
        assert len(dockerfile.chain(dockerfile.stage())) == 1


class TestArguments:
    @pytest.mark.parametrize(
        ("line", "args", "is_json"),
        [
            ('CMD ["node", "a b.js"]', ("node", "a b.js"), True),
            ("CMD node 'a b.js'", ("node 'a b.js'",), False),
            ("CMD ['node']", ("['node']",), False),
            ("CMD []", (), True),
            ("COPY a b /dir/", ("a", "b", "/dir/"), False),
            ('COPY ["a b", "/dir/"]', ("a b", "/dir/"), True),
            ("EXPOSE 80 443/tcp", ("80", "443/tcp"), False),
            ('ENV A=1 B="x y" C=d\\ e', ("A=1", 'B="x y"', "C=d\\ e"), False),
            ("ENV NAME the rest = of it", ("NAME=the rest = of it",), False),
            ("ARG A B=2", ("A", "B=2"), False),
            ("WORKDIR /a b", ("/a b",), False),
            ("ONBUILD RUN make", ("RUN make",), False),
            ("HEALTHCHECK NONE", (), False),
            ("HEALTHCHECK CMD curl -f x || exit 1", ("curl -f x || exit 1",), False),
            ('HEALTHCHECK CMD ["curl", "x"]', ("curl", "x"), True),
            ('SHELL ["bash", "-c"]', ("bash", "-c"), True),
        ],
    )
    def test_each_instruction_has_its_own_kind(self, line: str, args: tuple[str, ...], is_json: bool) -> None:
        instruction = only(line)
        assert (instruction.args, instruction.json) == (args, is_json)

    def test_flags_stand_before_the_arguments(self) -> None:
        instruction = only("COPY --from=build --chown='me:us' --link /a /b")
        assert dict(instruction.flags) == {"from": "build", "chown": "me:us", "link": "true"}
        assert instruction.value == "/a /b"

    def test_a_flag_that_repeats_keeps_all_its_values(self) -> None:
        instruction = only("COPY --exclude=*.md --exclude=*.txt . /b")
        assert instruction.all("exclude") == ("*.md", "*.txt")

    def test_two_dashes_alone_end_the_flags(self) -> None:
        assert only("COPY -- --odd /b").args == ("--odd", "/b")

    def test_pairs_tell_an_empty_value_from_none(self) -> None:
        assert pairs(only("ARG A= B C=3")) == [("A", ""), ("B", None), ("C", "3")]


class TestHeredocs:
    def test_the_lines_up_to_the_name_belong_to_the_instruction(self) -> None:
        stage = read("FROM a\nRUN <<EOF\n# kept\necho \\\nEOF\nUSER me\n").stages[0]
        (heredoc,) = stage.instructions[0].heredocs
        assert (heredoc.name, heredoc.content, heredoc.expand) == ("EOF", "# kept\necho \\\n", True)
        assert (stage.instructions[1].name, stage.instructions[1].line) == ("USER", 6)

    @pytest.mark.parametrize("opener", ["<<'EOF'", '<<"EOF"', "<<E'O'F"])
    def test_a_quoted_name_means_no_expansion(self, opener: str) -> None:
        (heredoc,) = only(f"COPY {opener} /a\n$HOME\nEOF").heredocs
        assert (heredoc.name, heredoc.content, heredoc.expand) == ("EOF", "$HOME\n", False)

    def test_a_dash_strips_leading_tabs(self) -> None:
        (heredoc,) = only("RUN <<-EOF\n\t\tone\n\t two\n\tEOF").heredocs
        assert heredoc.content == "one\n two\n"

    def test_one_instruction_may_open_several(self) -> None:
        instruction = only("COPY <<a <<b /dir/\n1\na\n2\nb")
        assert [(each.name, each.content) for each in instruction.heredocs] == [("a", "1\n"), ("b", "2\n")]

    def test_a_heredoc_may_feed_a_program_and_stand_behind_a_descriptor(self) -> None:
        (heredoc,) = only("RUN python3 3<< EOF -\nprint()\nEOF").heredocs
        assert (heredoc.content, heredoc.descriptor) == ("print()\n", 3)

    @pytest.mark.parametrize(
        "line",
        [
            'RUN ["<<EOF"]',
            "RUN echo $((1<<2))",
            "RUN cat <<<EOF",
            "RUN echo '<<EOF'",
            "RUN echo it's <<EOF",
            "USER <<EOF",
        ],
    )
    def test_what_only_looks_like_one_is_none(self, line: str) -> None:
        assert only(line).heredocs == ()

    def test_a_trigger_may_open_one(self) -> None:
        assert only("ONBUILD RUN <<EOF\nx\nEOF").heredocs[0].content == "x\n"


class TestVariables:
    def test_instructions_see_what_is_set_above_them(self) -> None:
        dockerfile = read("FROM a\nARG V=1\nENV W=${V}2\nEXPOSE $W\n")
        seen = {each.name: dict(variables) for each, variables in evaluate(dockerfile, dockerfile.stage())}
        assert seen == {"ARG": {}, "ENV": {"V": "1"}, "EXPOSE": {"V": "1", "W": "12"}}

    def test_one_env_line_uses_the_values_from_before_it(self) -> None:
        dockerfile = read("FROM a\nENV abc=hello\nENV abc=bye def=$abc\nUSER x\n")
        *_, (_, variables) = evaluate(dockerfile, dockerfile.stage())
        assert variables == {"abc": "bye", "def": "hello"}

    def test_env_wins_over_arg_and_a_build_arg_over_its_default(self) -> None:
        dockerfile = read("FROM a\nARG V=1\nARG P=3\nENV V=2\nUSER x\n")
        *_, (_, variables) = evaluate(dockerfile, dockerfile.stage(), {"V": "9", "P": "8"})
        assert variables == {"V": "2", "P": "8"}

    def test_a_global_arg_is_seen_only_where_it_is_declared(self) -> None:
        dockerfile = read("ARG G=1\nFROM a AS without\nUSER x\nFROM a AS with\nARG G\nUSER x\n")
        ends = {name: [*evaluate(dockerfile, dockerfile.stage(name))][-1][1] for name in ("without", "with")}
        assert ends == {"without": {}, "with": {"G": "1"}}

    def test_stages_inherit_from_the_stage_they_are_built_on(self) -> None:
        dockerfile = read("FROM a AS base\nENV E=1\nARG A=2\nFROM base\nUSER x\n")
        *_, (_, variables) = evaluate(dockerfile, dockerfile.stage())
        assert variables == {"E": "1", "A": "2"}
