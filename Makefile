lock: .cache/uv/bin/uv
	for set in "dev:--extra sandbox --extra dev" "sandbox:--extra sandbox" "run:"; do \
	  .cache/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links --no-annotate $${set#*:} --constraint requirements/dev.lock \
	    --output-file requirements/$${set%%:*}.lock pyproject.toml requirements/build.in; \
	done

.cache/uv/bin/uv:
	python3 -m venv .cache/uv && .cache/uv/bin/pip install --quiet uv
