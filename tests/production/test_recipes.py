"""The recipes of docs/cluster.md, as they stand there: only the commands of a queue, and the lecture, are stand-ins."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
QUEUES = ("SLURMCluster", "HTCondorCluster")
#: The answer of a queue, and the shell line of the job that it was given. Its script is read before the answer, as
#: dask-jobqueue removes the file when it has the answer.
STAND_INS = {
    "sbatch": 'job=$(cat "$1"); sh -c "$job" >/dev/null 2>&1 & echo Submitted batch job $$',
    "condor_submit": """line=$(sed -n 's/^Arguments = "-c .\\(.*\\).\"$/\\1/p' "$1")
sh -c "$line" >/dev/null 2>&1 & echo "1 job(s) submitted to cluster $$." """,
    "scancel": "true",
    "condor_rm": "true",
    "srun": 'shift; "$@" >/dev/null 2>&1 & "$@" >/dev/null 2>&1',
}


#: The command, which draws a tiny chapter on the cluster that it is given, and prints what else it was told.
LECTURE = f"""#!{sys.executable}
import sys
from pathlib import Path
sys.path.append({str(Path(__file__).parent)!r})
from conftest import Place, Quiet
from scenes.production.reaching import address_in
from scenes.production.studio import Studio
if __name__ == "__main__":
    command, option, where, *others = sys.argv[1:]
    address = address_in(where) if option == "--scheduler-file" else where
    place = Place(Path("film"))
    made = Studio(place.store, Quiet()).film(place.order("counting", scheduler=address))
    print(command, *others, made.drawn, "steps")
"""


@pytest.fixture
def queue_commands(tmp_path, monkeypatch):
    """Stand-ins that come first on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, script in {
        **{name: f"#!/bin/sh\n{line}\n" for name, line in STAND_INS.items()},
        "lecture": LECTURE,
    }.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    monkeypatch.setenv("LECTURE_SCHEDULER_WAIT", "150")  # a worker takes its time on a machine that tests as well
    monkeypatch.chdir(tmp_path)


def block(kind, word):
    (found,) = [text for text in re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) if word in text]
    return found


def run(folder, *command, **options):
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, timeout=300, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.usefixtures("queue_commands")
@pytest.mark.parametrize("queue", QUEUES)
def test_the_script_of_a_queue_draws_on_the_workers_that_its_jobs_start(queue, tmp_path):
    # One job is enough for this machine.
    (tmp_path / "film.py").write_text(block("py", queue).replace("jobs=10", "jobs=1"))
    script, _, film = run(tmp_path, "python", "film.py", "counting").rpartition("render")
    assert film.split() == ["counting", "3", "steps"]
    assert "--nthreads 1 " in script
    assert "--nworkers 4 " in script
    assert "OMP_NUM_THREADS=1" in script


@pytest.mark.usefixtures("queue_commands")
def test_one_job_of_slurm_is_scheduler_workers_and_film():
    # Where the script ends, SLURM ends what it has begun.
    script = f"trap 'kill 0' EXIT\n{block('sh', '#SBATCH')}"
    done = subprocess.run(
        ["sh", "-eu"], check=False, input=script, capture_output=True, text=True, timeout=300, start_new_session=True
    )
    assert done.stdout == "render attention --text The car is red 3 steps\n", done.stderr


def test_the_recipe_of_kubernetes_is_one_that_dask_kubernetes_takes():
    operator = pytest.importorskip("dask_kubernetes.operator")
    call = re.search(r"KubeCluster\((.*?)\n    \) as", block("py", "KubeCluster"), re.DOTALL)[1]
    wishes = eval(f"dict({call})", {"size": {"requests": {"cpu": "1"}}})
    worker = operator.make_cluster_spec(**wishes)["spec"]["worker"]
    assert worker["replicas"] == 16
    assert worker["spec"]["containers"][0]["args"][:4] == ["dask", "worker", "--nthreads", "1"]
