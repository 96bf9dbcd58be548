"""plastenv: search for treatments that re-open plasticity, use the window well, and close it again.

Importing plastenv registers the environments and loads nothing else.
"""

from gymnasium.envs.registration import register

__version__ = "0.1.0"

for _scenario, _observe in (("Fear", "clinic"), ("Fear-easy", "state")):
    register(
        id=f"plastenv/{_scenario}-v0",
        entry_point="plastenv.envs.single:PatientEnv",
        vector_entry_point="plastenv.envs.vector:PatientVectorEnv",
        kwargs={"scenario": _scenario, "observe": _observe},
    )
