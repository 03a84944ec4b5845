#!/bin/sh
# Compiles the sources to dist/, which is what is published: Node does not run
# TypeScript below node_modules.  dist/ mirrors the checkout, data files too, so
# that paths relative to a source file stay true.
set -eu
cd -- "$(dirname -- "$0")/.."

rm -rf dist
PATH=$PWD/node_modules/.bin:$PATH
tsc -p tsconfig.build.json
# What runs in a browser knows the names of one.
tsc -p diagrams/site/client --noEmit false --allowImportingTsExtensions false \
  --rewriteRelativeImportExtensions --rootDir . --outDir dist
cp package.json dist/
for folder in spec impl conformance diagrams; do
  [ -d "$folder" ] || continue
  find "$folder" -type f ! -name '*.ts' ! -name '*.svg' | while IFS= read -r file; do
    mkdir -p "dist/$(dirname -- "$file")"
    cp -- "$file" "dist/$file"
  done
done
