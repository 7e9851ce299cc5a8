.PHONY: check format lecture clean

check:            ## everything that must hold before a push: style, types, import contracts, tests
	./lecture test

format:           ## put the code in its standard form
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

lecture:          ## the default film
	./lecture render attention --text "The car is red"

clean:            ## forget renders and their cache; the gallery stays
	find renders -mindepth 1 -maxdepth 1 ! -name gallery -exec rm -rf {} +
