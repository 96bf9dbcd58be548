from plastenv.lab import bench
from plastenv.lab.experiment import load

STUDY = """
id: {id}
title: An adverse life deepens what a benign one does not
citation: a test
group: test
rows: [16]
system: patients
confidence: low
published: A test.
preparation: {{kind: patient}}
arms:
  benign: {{schedule: [{{at: 0 d, do: surroundings, quality: benign, until: 4 d}}]}}
  adverse: {{schedule: [{{at: 0 d, do: surroundings, quality: adverse, until: 4 d}}]}}
readouts:
  end: {{measure: maladaptive, at: 4 d}}
checks:
  - {{name: worse, quantity: adverse@end - benign@end, at_least: 0}}
"""


def test_surroundings_reach_a_patient(tmp_path):
    path = tmp_path / "surroundings.yaml"
    path.write_text(STUDY.format(id="surroundings"))
    values = bench.run(load(path), range(6)).values
    assert values["adverse@end"].mean() > values["benign@end"].mean() + 0.02
