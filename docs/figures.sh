#!/usr/bin/env bash
# Makes the figures of the tutorials by running their recipes: docs/figures.sh [RUNS [NAME...]]. Runs go below RUNS
# (runs/tutorials), the pictures into docs/src/tutorials/figures; names choose some of the lines below. One JSON line for each run
# is left in RUNS/NAME.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${1:-runs/tutorials}
shift || true
figures=docs/src/tutorials/figures
program=${FIELDBRIDGE:-target/release/fieldbridge}
mkdir -p "$runs" "$figures"

# make NAME RECIPE [SETTING...]
make() {
    local name=$1 recipe=$2
    shift 2
    if [ "${#wanted[@]}" -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then
        return
    fi
    local settings=()
    for setting in "$@"; do
        settings+=(--set "$setting")
    done
    echo "$name" >&2
    "$program" run "recipes/tutorials/$recipe.toml" "${settings[@]}" --out "$runs/$name" --json --quiet >"$runs/$name.json"
    cp "$runs/$name/figures/walk.png" "$figures/$name.png"
}
wanted=("$@")

make change-of-variables change-of-variables
make continuous-flows continuous-flows
make flow-matching flow-matching
make flow-matching-assignment flow-matching flow_matching.coupling=assignment
make flow-matching-rectified flow-matching flow_matching.rectify=1

# eight Gaussians to two moons
make bridging-independent bridging
make bridging-assignment bridging flow_matching.coupling=assignment
make bridging-rectified bridging flow_matching.rectify=1
make bridging-two-sided-ode bridging bridge=interpolant 'interpolant.sampler={method="probability_flow"}'
make bridging-two-sided-sde bridging bridge=interpolant
make bridging-continuous-flow bridging bridge=continuous_flow
make bridging-point-source bridging-pairs
make bridging-two-sets bridging-pairs interpolant.form=two_sided interpolant.paired=false

# a normal distribution to the same moons
make bridging-diffusion-ode bridging bridge=diffusion
make bridging-diffusion-sde bridging bridge=diffusion 'diffusion.sampler={method="ancestral",steps=60}'
make bridging-one-sided-ode bridging bridge=interpolant interpolant.form=one_sided interpolant.base=normal \
    'interpolant.sampler={method="probability_flow"}'
make bridging-one-sided-sde bridging bridge=interpolant interpolant.form=one_sided interpolant.base=normal
make bridging-splines bridging bridge=spline_flow
make bridging-affine bridging bridge=affine_flow
make bridging-residual bridging bridge=residual_flow
make bridging-mixture bridging bridge=mixture_density

cp "$runs"/flow-matching/figures/walk.apng "$figures/flow-matching-moving.png" 2>/dev/null || true
