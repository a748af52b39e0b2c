# Every target brings .venv up to date first. Works with GNU make 3.81 and later.

PYTHON_IN_VENV = .venv/bin/python
STAGE = dev
SECONDS = 60
MEMBERS = 24
RUNS = 200
CASES = 200

.PHONY: help demo run test check package deploy secrets restore doctor clean bootstrap load audit-dependencies simulate fuzz checkov

help:
	@echo 'make demo     bring the whole system up on this machine, play a story, check the books'
	@echo '              (KIND=lottery for one kind of group, KIND=all for every kind; see docs/plays.md)'
	@echo 'make run      keep it up and print commands to talk to it (ARGUMENTS=--lan for a phone)'
	@echo 'make test     all tests (ARGUMENTS="tests/infra -k queue" for some)'
	@echo 'make check    style, types, what bandit finds, and the deployment template'
	@echo 'make simulate  whole shops under everything that AWS and WeChat may do to them (RUNS=200)'
	@echo 'make fuzz     requests of every kind at the local stack, from the OpenAPI document (CASES=200)'
	@echo 'make load     a soak of the local stack; then the books (SECONDS=60 MEMBERS=24)'
	@echo 'make audit-dependencies  what is known against the pinned packages; wants the internet'
	@echo 'make package  template and code for AWS under build/ (STAGE=dev, test or prod)'
	@echo 'make deploy   the same, and shows what would change at AWS, and does it; see docs/deploy.md'
	@echo 'make secrets  asks for what a stage must know and puts it into Parameter Store (STAGE=dev)'
	@echo 'make doctor   what usually goes wrong with a deployment (STAGE=dev, test, prod or local)'
	@echo 'make restore  rows of a table as they were at a moment, then the books (ARGUMENTS="--table orders --to …")'
	@echo 'make checkov  what checkov says of the templates; installs it in a venv of its own'
	@echo 'make clean    remove what the other targets made, .venv included'

bootstrap:
	@PYTHON='$(PYTHON)' sh infra/bootstrap.sh

demo: bootstrap
	@$(PYTHON_IN_VENV) -m infra.local.demo --kind='$(KIND)' $(ARGUMENTS)

run: bootstrap
	@$(PYTHON_IN_VENV) -m infra.local.run $(ARGUMENTS)

test: bootstrap
	@$(PYTHON_IN_VENV) -m pytest -n 2 $(ARGUMENTS)

check: bootstrap
	@$(PYTHON_IN_VENV) -m ruff check .
	@$(PYTHON_IN_VENV) -m ruff format --check .
	@$(PYTHON_IN_VENV) -m mypy
	@.venv/bin/bandit --quiet --configfile pyproject.toml --recursive app.py chalicelib infra
	@$(PYTHON_IN_VENV) -m infra.package --stage prod
	@$(PYTHON_IN_VENV) -m infra.console --stage prod
	@.venv/bin/cfn-lint build/prod/out/sam.json build/prod/console.json infra/egress.yaml

checkov: bootstrap
	@$(PYTHON_IN_VENV) -m infra.package --stage prod
	@$(PYTHON_IN_VENV) -m infra.console --stage prod
	@sh infra/checkov.sh

simulate: bootstrap
	@$(PYTHON_IN_VENV) -m tests.simulation --runs='$(RUNS)' $(if $(FIRST),--first='$(FIRST)') \
	  $(if $(SEED),--seed='$(SEED)') $(if $(KIND),--kind='$(KIND)') $(if $(THEME),--theme='$(THEME)') \
	  $(if $(REPLAY),--replay='$(REPLAY)') $(ARGUMENTS)

fuzz: bootstrap
	@$(PYTHON_IN_VENV) -m infra.fuzz.run --cases='$(CASES)' $(ARGUMENTS)

load: bootstrap
	@$(PYTHON_IN_VENV) -m infra.local.load.run --seconds='$(SECONDS)' --members='$(MEMBERS)' $(ARGUMENTS)

audit-dependencies: bootstrap
	@$(PYTHON_IN_VENV) -m infra.audit_dependencies

package: bootstrap
	@$(PYTHON_IN_VENV) -m infra.package --stage $(STAGE)

deploy: bootstrap
	@$(PYTHON_IN_VENV) -m infra.deploy --stage '$(STAGE)' $(ARGUMENTS)

secrets: bootstrap
	@$(PYTHON_IN_VENV) -m infra.secrets --stage '$(STAGE)' $(ARGUMENTS)

restore: bootstrap
	@$(PYTHON_IN_VENV) -m infra.restore --stage '$(STAGE)' $(ARGUMENTS)

doctor: bootstrap
	@$(PYTHON_IN_VENV) -m infra.doctor --stage '$(STAGE)' $(ARGUMENTS)

clean:
	rm -rf .venv .venv-checkov .local build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
