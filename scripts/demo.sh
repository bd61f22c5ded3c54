#!/bin/sh
# Deploys the AI Chef stack on the embedded AWS, twice, and shows what stands.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
PATH="$root/.venv/bin:$PATH"
# A folder of the demo's own, so that nothing of yours is touched.
TABLEWRIGHT_LOCAL_HOME=${TABLEWRIGHT_LOCAL_HOME:-"$root/.tablewright/local"}
export PATH TABLEWRIGHT_LOCAL_HOME

step() { printf '\n\033[1m$ %s\033[0m\n' "$*" >&2; "$@"; }
[ -t 2 ] || step() { printf '\n$ %s\n' "$*" >&2; "$@"; }

cd examples/ai-chef
step tablewright deploy --local --yes
step tablewright status --local
step tablewright deploy --local --yes

cat <<END

The stack stands on the embedded AWS on this machine; any AWS client sees it:

    export TABLEWRIGHT_LOCAL_HOME='$TABLEWRIGHT_LOCAL_HOME'
    eval "\$('$root/.venv/bin/tablewright' local env)"
    aws dynamodb describe-table --table-name ai-chef-sessions

It goes on running until you stop it:

    TABLEWRIGHT_LOCAL_HOME='$TABLEWRIGHT_LOCAL_HOME' '$root/.venv/bin/tablewright' local stop
END
