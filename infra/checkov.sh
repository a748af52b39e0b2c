#!/bin/sh
# Looks through the templates with checkov, which wants other versions of our libraries than we do,
# and so gets a venv of its own (.venv-checkov, about two minutes the first time).
set -eu

cd "$(dirname "$0")/.."

VENV=.venv-checkov
STAMP=$VENV/.installed-from

if [ ! -f "$STAMP" ] || ! cmp -s requirements-checkov.txt "$STAMP"; then
    echo "installing checkov into $VENV (about two minutes, the first time only)"
    rm -rf "$VENV"
    .venv/bin/python -m venv "$VENV"
    "$VENV/bin/python" -m pip install --quiet \
        --disable-pip-version-check -r requirements-checkov.txt
    cp requirements-checkov.txt "$STAMP"
fi

for template in build/prod/out/sam.json build/prod/console.json infra/egress.yaml; do
    echo "checkov $template"
    "$VENV/bin/checkov" --config-file infra/checkov.yaml -f "$template"
done
