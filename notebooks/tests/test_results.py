import json
from pathlib import Path

import pytest

from implied_volatility.accelerator import results
from implied_volatility.accelerator.profiles import plan


def test_results_lie_beside_the_git_folder_not_in_it(tmp_path: Path) -> None:
    notebooks = tmp_path / "Users" / "app" / "accelerator" / "notebooks"
    assert results.default_folder(notebooks) == tmp_path / "Users" / "app" / "accelerator-results"


@pytest.mark.parametrize("notebook_path", ["/Users/app/repo/notebooks/03", "/Workspace/Users/app/repo/notebooks/03"])
def test_a_file_of_the_workspace_has_a_workspace_path(tmp_path: Path, notebook_path: str) -> None:
    folder = tmp_path / "Users" / "app" / "repo" / "notebooks"
    folder.mkdir(parents=True)
    file = tmp_path / "Users" / "app" / "repo-results" / "a.png"
    assert results.workspace_path(file, notebook_path, folder) == "/Users/app/repo-results/a.png"
    elsewhere = Path("/elsewhere/a.png")
    assert results.workspace_path(elsewhere, notebook_path, folder) == "/elsewhere/a.png"
    assert results.workspace_path(file, "/Users/other/notebooks/03", folder) == str(file)


class Context:
    """A notebook's context, whose whole content a shared cluster does not let out."""

    def __init__(self, tags: dict[str, str], *, shared: bool) -> None:
        self.tags, self.shared = tags, shared

    def toJson(self) -> str:  # noqa: N802
        if self.shared:
            raise RuntimeError("Method toJson() is not whitelisted")
        return json.dumps({"extraContext": {}, "tags": self.tags})

    def safeToJson(self) -> str:  # noqa: N802
        return json.dumps({"attributes": self.tags})


@pytest.mark.parametrize("shared", [False, True])
def test_a_notebook_knows_the_run_of_its_job(shared: bool) -> None:
    task = {"jobId": "3", "multitaskParentRunId": "1234567890123456789", "runId": "5"}
    assert results.job_run(Context(task, shared=shared)) == "1234567890123456789"
    assert results.job_run(Context({"runId": "5"}, shared=shared)) == "5"
    assert results.job_run(Context({}, shared=shared)) == ""


@pytest.mark.parametrize(("deployment", "attempt", "widget"), [(" ", "1", "deployment"), ("one", "", "attempt")])
def test_rows_of_no_run_are_refused_before_there_are_any(deployment: str, attempt: str, widget: str) -> None:
    small = plan({"profile": "small", "rows": "", "paths": "", "seed": "1"})
    with pytest.raises(ValueError, match=f"Widget {widget}: '.?' names no run"):
        results.provenance(small, deployment, attempt)
