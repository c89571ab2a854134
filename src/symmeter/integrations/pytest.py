"""A plugin of pytest, which it finds by itself: the fixture `assert_equivariant`, and a report of all checks.

pytest imports this file at every start, so nothing heavy is imported before a test asks for the fixture.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from symmeter.integrations.checks import Check
    from symmeter.results.result import Result

_NAME = "symmeter"  # of the plugin, and of what reports of tests carry
_OPTION = "--symmeter-report"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--symmeter-report FILE`."""
    parser.getgroup(_NAME, "symmetries of networks (symmeter)").addoption(
        _OPTION, metavar="FILE", help="write a table of all checks of assert_equivariant: .html, .json or .md"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to gather checks; a usage error for a report that could not be written."""
    path = config.getoption(_OPTION)
    if path is not None:
        from symmeter.errors import SymmeterError
        from symmeter.integrations.check_table import check_path

        try:
            check_path(path)
        except SymmeterError as error:
            raise pytest.UsageError(f"{_OPTION} {error}") from None
    config.pluginmanager.register(_Session(config, path), f"{_NAME}-session")


@pytest.fixture
def assert_equivariant(request: pytest.FixtureRequest) -> Callable[..., "Result"]:
    """`symmeter.assert_equivariant`, whose checks stand in the summary and in the file of `--symmeter-report`."""
    from symmeter.integrations.checks import recording

    return recording(lambda check: request.node.user_properties.append((_NAME, check.to_json())))


class _Session:
    """Gathers the checks of a session.

    They come with the reports of tests, as JUnit's properties do, so those of other processes (pytest-xdist) come too.
    """

    def __init__(self, config: pytest.Config, path: str | None):
        self._config, self._path = config, path
        self._checks: list[Check] = []
        self._trouble = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the checks of a test that has come to its end."""
        found = [text for name, text in report.user_properties if name == _NAME]
        if report.when != "teardown" or not found:
            return
        from dataclasses import replace

        from symmeter.integrations.checks import Check

        self._checks += [replace(Check.from_json(str(text)), test=report.nodeid) for text in found]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the report; what is in its way is said in the summary, and makes the session fail."""
        if self._path is None or hasattr(self._config, "workerinput"):
            return
        from symmeter.errors import WriteError
        from symmeter.integrations.check_table import write

        try:
            write(self._config.invocation_params.dir / Path(self._path), self._checks)
        except WriteError as error:
            self._trouble = str(error)
            session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """A line for every check, and where the report is."""
        if self._checks and terminalreporter.verbosity >= 0:
            from symmeter.integrations.check_table import counts, line

            terminalreporter.section(_NAME)
            for check in self._checks:
                terminalreporter.write_line(line(check), red=not check.passed)
            terminalreporter.write_line(counts(self._checks))
        if self._trouble:
            terminalreporter.write_line(f"{_OPTION}: {self._trouble}", red=True)
        elif self._path is not None:
            from symmeter.errors import counted

            terminalreporter.write_line(f"{_OPTION}: {counted(len(self._checks), 'check')} in {self._path}")
