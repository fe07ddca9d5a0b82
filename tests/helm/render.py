"""Renders a chart with sets of values and holds what comes out against the schemas of Kubernetes.

Takes the chart's folder; from standard input the sets, as JSON: {name: values}. Prints for each, as JSON: `error`, if Helm refuses the
values; else `objects`, `notes`, `faults` (what a schema refuses, or Helm's linter) and `unknown` (kinds that Kubernetes does not have).
"""

import json
import sys

import helm_python as helm
import kubernetes_validate
import yaml

# The oldest that the chart claims to work with, and the newest there are schemas for.
VERSIONS = ["1.30", kubernetes_validate.latest_version()]


def check(thing):
    """The faults of one object, and whether its kind is known."""
    faults = []
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(thing, version, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            return faults, False
        except kubernetes_validate.ValidationError as error:
            where = "/".join(str(part) for part in error.path)
            faults.append(f"{version} {thing['kind']} {thing['metadata']['name']} {where}: {error.message}")
    return faults, True


class Strict(yaml.SafeLoader):
    """A reader for whom a key that stands twice is a fault, and not the last one right."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep) for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise yaml.constructor.ConstructorError(None, None, f"a key stands twice: {keys}", node.start_mark)
        return super().construct_mapping(node, deep)


def render(folder, chart, values):
    try:
        files = chart.render(values, name="release", namespace="models")
    except helm.HelmError as error:
        return {"error": str(error)}
    answer = {"objects": [], "notes": "", "faults": [], "unknown": []}
    for path, text in sorted(files.items()):
        if path.endswith("NOTES.txt"):
            answer["notes"] = text
            continue
        for thing in yaml.load_all(text, Loader=Strict):
            if thing is None:
                continue
            faults, known = check(thing)
            answer["faults"] += faults
            if not known:
                answer["unknown"].append(thing["kind"])
            answer["objects"].append(thing)
    # Severity 1 is advice.
    linted = helm.lint(folder, values, namespace="models", strict=True)
    answer["faults"] += [str(message) for message in linted["messages"] if message["severity"] > 1]
    return answer


def main():
    folder = sys.argv[1]
    sets = json.load(sys.stdin)
    with helm.Chart.load(folder) as chart:
        answers = {name: render(folder, chart, values) for name, values in sets.items()}
        answers[""] = {"schema": chart.schema, "metadata": chart.metadata}
    json.dump(answers, sys.stdout)


main()
