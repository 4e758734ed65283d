"""Validates manifests against the schemas of Kubernetes versions, strictly: validate.py VERSION[,VERSION...] FILE... Prints how many objects it has looked at."""

import functools
import sys

import kubernetes_validate
import yaml
from kubernetes_validate import utils

# It reads a version's definitions anew for each object.
utils.schema_contents = functools.cache(utils.schema_contents)

# Groups of others: their kinds are checked by their own definitions.
OTHERS = ("keda.sh/", "monitoring.coreos.com/")

versions, files = sys.argv[1].split(","), sys.argv[2:]
looked = failed = 0
for file in files:
    with open(file) as f:
        objects = [o for o in yaml.load_all(f, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if o and not o["apiVersion"].startswith(OTHERS)]
    for version in versions:
        for o in objects:
            looked += 1
            try:
                kubernetes_validate.validate(o, version, strict=True)
            except kubernetes_validate.ValidationError as e:
                failed += 1
                where = ".".join(str(p) for p in e.path)
                print(f"{file}: {o['kind']} {o['metadata']['name']}: Kubernetes {version}: {where}: {e.message[:300]}", file=sys.stderr)
print(looked)
sys.exit(1 if failed else 0)
