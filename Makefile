.PHONY: check audit lock format docs lecture clean

check: audit      ## everything that must hold before a push: style, types, import contracts, tests
	./lecture test

audit:            ## is there a known vulnerability in what CI installs?
	.ci/audit

lock:             ## choose again what CI installs, after a change of dependencies
	.ci/relock

format:           ## put the code in its standard form
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

docs:             ## the documentation as a site, in build/site; open its index.html
	.venv/bin/python -m mkdocs build --strict --quiet

lecture:          ## the default film
	./lecture render attention --text "The car is red"

clean:            ## forget renders and their cache; the gallery stays
	find renders -mindepth 1 -maxdepth 1 ! -name gallery -exec rm -rf {} +
