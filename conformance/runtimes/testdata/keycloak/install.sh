#!/usr/bin/env bash
# Makes a Keycloak that starts quickly: bash install.sh DIRECTORY
#
# DIRECTORY, which is replaced, receives the distribution from Maven, configured for an
# H2 database in a file, and that database with its tables and the realm master. It
# needs java (17 or newer) and mvn.
set -euo pipefail

readonly version=26.4.7
readonly sha256=aca60ab72ae4d67adc6b8fe7fca5e08d16a6bb5e4a4f2ebb54050e3f5503fd2b
readonly plugin=org.apache.maven.plugins:maven-dependency-plugin:3.8.1

directory=${1:?usage: install.sh DIRECTORY}
rm -rf "$directory"
mkdir -p "$directory"
cd "$directory"

mvn --batch-mode --quiet --strict-checksums "$plugin:copy" \
	-Dartifact="org.keycloak:keycloak-quarkus-dist:$version:tar.gz" -DoutputDirectory="$PWD"
archive=keycloak-quarkus-dist-$version.tar.gz
echo "$sha256  $archive" | sha256sum --check --quiet
tar --extract --gzip --strip-components=1 --file "$archive"
rm "$archive"

bin/kc.sh build --db=dev-file
# What fills the database is any command that opens it.
bin/kc.sh export --optimized --realm master --file "$PWD/master.json"
rm master.json
