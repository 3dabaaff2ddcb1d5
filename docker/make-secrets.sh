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
if [ -f "$folder/.env" ]; then
  echo "$folder/.env is there already and stays as it is"
  exit 0
fi
{
  for name in MSSQL_SA_PASSWORD BUREAU_PASSWORD LEDGER_PASSWORD REDIS_PASSWORD CENTER_SFTP_PASSWORD PROVINCIAL_SFTP_PASSWORD; do
    echo "$name=$(password)"
  done
  echo "CENTER_ACK_SECRET=whsec_$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
  echo "STAGING_HOST_KEY=$(ssh-keygen -lf "$key.pub" | cut -d ' ' -f 2)"
} >"$folder/.env.new"
mv "$folder/.env.new" "$folder/.env"
echo "wrote $folder/.env and $key"
