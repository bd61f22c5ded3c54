"""The entry: finds the command, runs it, and turns whatever goes wrong into words and an exit code.

Nothing heavy is imported here: a command's module is loaded when that command runs, and boto3, rich and the embedded AWS
only when it needs them.
"""

from __future__ import annotations

import errno
import gc
import os
import shlex
import signal
import sys
from contextlib import suppress
from importlib import import_module
from itertools import pairwise

import click

from tablewright.cli import exits
from tablewright.cli.registry import COMMANDS
from tablewright.cli.terminal import in_github, output, prepare_streams
from tablewright.errors import Failed, TablewrightError, UsageError

_NO_ARGUMENTS: tuple[type[click.UsageError], ...] = tuple(
    kind for kind in (getattr(click.exceptions, "NoArgsIsHelpError", None),) if kind is not None
)
"""What click raises for a group without a command; before 8.2 it prints the help by itself."""


class LazyGroup(click.Group):
    """A group whose commands are imported only when they are asked for; its help comes from the registry."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they are met."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return it."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"tablewright.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, suggesting the nearest for one that there is not."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"There is no command {name!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"tablewright {version('tablewright')}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command explains itself: tablewright COMMAND --help",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def cli() -> None:
    """DynamoDB tables written as CloudFormation: deploy them, see how they are, know why something failed;
    on AWS, or with --local on an embedded AWS on this machine."""


def main() -> None:
    """Run the command line and exit. A traceback never reaches the person, unless asked for with --debug."""
    # Starting up makes many objects that live to the end; looking for garbage among them costs a twentieth of a short run.
    gc.set_threshold(50_000, 10, 10)
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:  # Not where somebody chose to have it ignored, as nohup does.
            signal.signal(number, _told)
    sys.exit(run(sys.argv[1:]))


_ENDING = {signal.SIGTERM: exits.TERMINATED, signal.SIGHUP: exits.HUNG_UP}


class _Told(KeyboardInterrupt):
    """A signal that ends the program, raised where it was interrupted, so that everything is put back as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit = _ENDING[signal.Signals(number)]


def _told(number: int, _: object) -> None:
    for one in _ENDING:
        signal.signal(one, signal.SIG_DFL)  # A second one ends it at once.
    raise _Told(number)


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code."""
    prepare_streams()
    try:
        if sys.platform == "win32":
            raise _windows()
        code = _invoke(argv)
        sys.stdout.flush()
        return code
    except TablewrightError as error:
        return _complain(_told_better(error, argv), argv)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        return _complain(_usage(error), argv)
    except (KeyboardInterrupt, click.Abort) as stop:
        told = stop if isinstance(stop, _Told) else stop.__context__
        return _interrupted(argv, told.exit if isinstance(told, _Told) else exits.INTERRUPTED)
    except BrokenPipeError:
        _silence()  # The reader went away: the flush at exit is not to fail on it as well.
        return exits.PIPE_CLOSED.code
    except OSError as error:
        _silence()
        return _complain(_system(error), argv)
    except UnicodeEncodeError as error:
        if error.encoding != sys.getfilesystemencoding() or error.encoding == "utf-8":
            return _defect(error, argv)
        return _complain(_name_outside(error), argv)
    except Exception as error:
        return _defect(error, argv)


def _defect(error: Exception, argv: list[str]) -> int:
    from tablewright.cli.bug import report

    return report(error, argv)


def _invoke(argv: list[str]) -> int:
    # Not cli.main(): it would answer a closed pipe with an exit code of its own.
    try:
        with cli.make_context("tablewright", list(argv)) as context:
            result = cli.invoke(context)
    except _NO_ARGUMENTS as asked:
        click.echo(asked.format_message())
        return exits.DONE.code
    return result if isinstance(result, int) else exits.DONE.code


def _silence() -> None:
    """Forget what a stream still holds that takes no more, so that the flush at exit has nothing to fail on."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
                os.dup2(nowhere.fileno(), stream.fileno())


def _told_better(error: TablewrightError, argv: list[str]) -> TablewrightError:
    """The error with what is known here alone: that the embedded AWS went away, or which of the project's tables was meant."""
    from tablewright.cli.meant import with_meant

    if "--local" in argv:
        from tablewright.cli.embedded import gone

        error = gone(error.code) or error
    return with_meant(error, argv)


def _complain(error: TablewrightError, argv: list[str]) -> int:
    """Say what is wrong; the exit code says it where nobody reads any more."""
    if _wants_json(argv):
        with suppress(OSError):
            _say_as_json(error)
        _silence()
    with suppress(OSError):
        _say(error, argv)
    _silence()
    return exits.of_error(error)


def _say(error: TablewrightError, argv: list[str]) -> None:
    from tablewright.cli.faces.diagnostic import error_lines

    err = output(sys.stderr, color=False if "--no-color" in argv else None)
    err.lines(error_lines(error, err.width))
    if in_github():
        from tablewright.cli.faces.github import annotation

        err.text(annotation("error", error.summary, error.detail or error.summary))
        _say_in_summary(error)


def _say_in_summary(error: TablewrightError) -> None:
    from tablewright.cli.step_summary import append, wanted

    if wanted():
        from tablewright.cli.faces.markdown import code, text

        told = f"### tablewright\n\n❌ {text(error.summary)} ({code(error.code)})\n\n{text(error.detail)}"
        append(told + (f"\n\nNext: {code(error.hint)}" if error.hint else "") + "\n")


def _say_as_json(error: TablewrightError) -> None:
    from tablewright.cli.faces.json_lines import encode

    out = output(sys.stdout)
    body = {
        "event": "error",
        "code": error.code,
        "summary": error.summary,
        "detail": error.detail,
        "hint": error.hint,
    }
    out.text(encode(body, out))


def _wants_json(argv: list[str]) -> bool:
    return "--output=json" in argv or any(pair == ("--output", "json") for pair in pairwise(argv))


def _usage(error: click.ClickException) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "tablewright"
    message = error.format_message()
    return UsageError("usage", "The command line is not understood", message, f"{path} --help")


def _interrupted(argv: list[str], ended: exits.Exit) -> int:
    again = shlex.join(["tablewright", *argv])
    err = output(sys.stderr, color=False if "--no-color" in argv else None)
    with suppress(OSError):  # The terminal may have gone.
        err.lines([(), (("Interrupted.", "strong"), (" What runs at AWS goes on without this command.", ""))])
        if argv:
            err.lines([(("To go on from where it stands, run:", ""),), (), (("      " + again, "strong"),)])
    _silence()
    return ended.code


def _system(error: OSError) -> TablewrightError:
    where = f" ({error.filename})" if error.filename else ""
    words = f"{error.strerror or error}{where}."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failed("disk-full", "No space is left on the disk", f"{words} Make room and run the same command again.")
    if error.errno == errno.EROFS:
        return Failed("read-only", "The file system is read-only", f"{words} Nothing could be written there.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Failed("not-permitted", "The operating system does not permit it", words)
    return Failed("system", "The operating system refused", words)


def _name_outside(error: UnicodeEncodeError) -> TablewrightError:
    name = str(error.object)
    return Failed(
        "locale-names-no-file",
        "This locale cannot name a file",
        f"{name!r} has characters that file names cannot have here: by this environment's locale they are {error.encoding}. "
        "Set a UTF-8 locale, such as LC_ALL=C.UTF-8, or PYTHONUTF8=1, and run the same command again.",
    )


def _windows() -> UsageError:
    return UsageError(
        "unsupported-platform",
        "Windows is not supported",
        "tablewright runs on Linux and macOS, and on Windows in WSL 2 (https://learn.microsoft.com/windows/wsl/install).",
    )


if __name__ == "__main__":
    main()
