#!/bin/sh
# Writes docker/.env and the staging machine's host key with random values; keeps what is there. Needs ssh-keygen.
set -eu
umask 077
folder=${1:-$(cd "$(dirname "$0")" && pwd)}
# SQL Server wants capitals, small letters and digits in a password.
password() { printf 'Gw1-%s' "$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')"; }
mkdir -p "$folder/keys"
key=$folder/keys/staging_host_ed25519_key
[ -f "$key" ] || ssh-keygen -q -t ed25519 -N '' -C staging -f "$key"
env=$folder/.env
[ -f "$env" ] || : >"$env"
# A line that is there stays; a version that needs further ones adds them.
keep() { grep -q "^$1=" "$env" || { echo "$1=$2" >>"$env"; echo "made $1"; }; }
for name in MSSQL_SA_PASSWORD BUREAU_PASSWORD LEDGER_PASSWORD BUREAU_CLERK_PASSWORD BUREAU_RETURN_PASSWORD REDIS_PASSWORD CENTER_SFTP_PASSWORD PROVINCIAL_SFTP_PASSWORD SUPERVISION_SFTP_PASSWORD; do
  keep "$name" "$(password)"
done
for name in CENTER_ACK_SECRET SUPERVISION_ACK_SECRET; do
  keep "$name" "whsec_$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
done
keep STAGING_HOST_KEY "$(ssh-keygen -lf "$key.pub" | cut -d ' ' -f 2)"
echo "$env and $key hold everything"
