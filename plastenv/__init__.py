"""plastenv: search for treatments that re-open plasticity, use the window well, and close it again.

Importing plastenv registers the environments and loads nothing else.
"""

from gymnasium.envs.registration import register

__version__ = "0.1.0"

for _scenario, _observe in (("Fear", "clinic"), ("Fear-easy", "state")):
    for _suffix, _reward in (("", "dense"), ("-mo", "vector")):
        register(
            id=f"plastenv/{_scenario}{_suffix}-v0",
            entry_point="plastenv.envs.single:PatientEnv",
            vector_entry_point="plastenv.envs.vector:PatientVectorEnv",
            kwargs={"scenario": _scenario, "observe": _observe, "reward": _reward},
            disable_env_checker=_reward == "vector",  # it knows scalar rewards only
        )
