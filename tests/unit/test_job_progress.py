"""Progress of a job and what it foretells."""

from vtp.jobs.progress import Progress


def test_fraction_counts_earlier_runs_and_eta_does_not() -> None:
    now = [100.0]
    progress = Progress(lambda: now[0])
    assert progress.fraction == 0 and progress.eta_s is None
    progress.begin(1000, 500)
    progress.add(100)
    assert progress.fraction == 0.6 and progress.eta_s is None  # too early to tell
    now[0] = 110.0
    assert progress.eta_s == 40
    progress.add(400)
    assert progress.fraction == 1 and progress.eta_s == 0
