"""What a shell offers to complete: names of schedules, interventions, scenarios and splits.

A shell falls back to files where none of them begins with what has been typed.
"""

from collections.abc import Iterable
from importlib.resources import files


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def schedules(incomplete: str) -> list[str]:
    """Offer the schedules of the library, from the names of their files: reading them takes too long here."""
    shipped = (entry.name for entry in files("plastenv.therapy").joinpath("library").iterdir())
    return _beginning(incomplete, sorted(name.removesuffix(".yaml") for name in shipped if name.endswith(".yaml")))


def competitors(incomplete: str) -> list[str]:
    """Offer the schedules of the library, and the library itself."""
    return [*_beginning(incomplete, ["library"]), *schedules(incomplete)]


def interventions(incomplete: str) -> list[str]:
    """Offer the interventions of the catalogue."""
    from plastenv.therapy.interventions import BY_NAME

    return _beginning(incomplete, BY_NAME)


def scenarios(incomplete: str) -> list[str]:
    """Offer the scenarios."""
    from plastenv.scenarios.scenario import FILES

    return _beginning(incomplete, FILES)


def splits(incomplete: str) -> list[str]:
    """Offer the splits of patients."""
    from plastenv.patients.population import SPLITS

    return _beginning(incomplete, SPLITS)
