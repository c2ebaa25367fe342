# The image of the GitHub action, and of `docker run --rm -v "$PWD:/github/workspace" IMAGE validate`.
#
# A release passes BASE with its digest (python:…@sha256:…), so that the image can be built again from the same bytes;
# the tag alone is for everybody else's build. Any Debian with Python 3.11 or newer, its venv module and CA certificates
# will do as a base.
ARG BASE=docker.io/library/python:3.13-slim-bookworm

FROM ${BASE} AS builder
# How pip finds packages, for builds that cannot reach PyPI by themselves. Not set: as pip does.
ARG PIP_CERT
ARG PIP_FIND_LINKS
ARG PIP_INDEX_URL
ARG PIP_NO_INDEX
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# Two environments: what installs never gets into the image.
RUN python3 -m venv installer && python3 -m venv --without-pip /opt/rolemodel-ci

# run: the AWS library and what reads the files. sandbox: with the embedded AWS, for `plan --sandbox` and `demo`.
ARG EXTRA=run
COPY requirements/${EXTRA}.lock requirements.lock
RUN installer/bin/pip --python /opt/rolemodel-ci/bin/python install --require-hashes --requirement requirements.lock

# botocore describes more than 400 services; we call the four first, and credentials of a profile may come from the rest.
# `whole` keeps them all, to measure what the cut saves.
ARG BOTOCORE_DATA=cut
RUN test "${BOTOCORE_DATA}" = whole \
    || find /opt/rolemodel-ci/lib/python3.*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
         ! -name cloudformation ! -name iam ! -name ssm ! -name sts ! -name sso ! -name sso-oidc ! -name signin \
         -exec rm -r {} +

COPY pyproject.toml README.md LICENSE ./
COPY rolemodel_ci rolemodel_ci
# The bytecode is taken as it is, whatever the time of the source: a start looks at one file per module.
RUN installer/bin/pip --python /opt/rolemodel-ci/bin/python install --no-deps --no-build-isolation . \
    && installer/bin/pip --python /opt/rolemodel-ci/bin/python uninstall --quiet --yes flit_core \
    && /opt/rolemodel-ci/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/rolemodel-ci/lib


FROM ${BASE}
# GitPython calls git. A base that has it already needs no package index. No version is pinned (DL3008): Debian keeps only
# the newest fix of a stable release, so that a pinned one would be gone with the next.
# hadolint ignore=DL3008
RUN command -v git >/dev/null \
    || { apt-get update && apt-get install --yes --no-install-recommends git \
         && apt-get clean && rm -rf /var/lib/apt/lists/*; }
# Nothing is installed in this image, and nobody in it becomes somebody else but by the entry point.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3.*/site-packages/pip* /usr/local/lib/python3.*/ensurepip \
           /usr/lib/python3*/ensurepip /usr/lib/python3/dist-packages/pip* /usr/share/python-wheels \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && mkdir -p /github/workspace
COPY --from=builder /opt/rolemodel-ci /opt/rolemodel-ci

LABEL org.opencontainers.image.title="rolemodel-ci" \
      org.opencontainers.image.description="Who may switch into which role of which AWS account, decided in a Git repository" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.url="https://github.com/rolemodel-ci/rolemodel-ci" \
      org.opencontainers.image.source="https://github.com/rolemodel-ci/rolemodel-ci" \
      org.opencontainers.image.documentation="https://github.com/rolemodel-ci/rolemodel-ci/blob/main/README.md"

ENV LANG=C.UTF-8
WORKDIR /github/workspace
# No USER: GitHub's runner wants root, and its workspace belongs to whoever the runner runs as, which only the start can
# tell. The entry point becomes that user before it reads anything.
# -I: nothing is imported from the workspace, which a pull request decides, nor from what the environment names.
# -B: no bytecode is written. -u: standard output and error keep their order in a log.
ENTRYPOINT ["/opt/rolemodel-ci/bin/python", "-I", "-B", "-u", "-m", "rolemodel_ci.docker_entrypoint"]
CMD ["--help"]
