#!/bin/sh
# Sets passwords from the environment, lays out the folders and serves until it is stopped.
set -eu
printf 'center:%s\nprovincial:%s\nsupervision:%s\n' "$CENTER_SFTP_PASSWORD" "$PROVINCIAL_SFTP_PASSWORD" "$SUPERVISION_SFTP_PASSWORD" | chpasswd
for account in center provincial supervision; do
  install -d -o root -g root -m 755 "/staging/$account"
  for folder in . in manifest ack ack/done; do install -d -o 1000 -g 1000 -m 770 "/staging/$account/files/$folder"; done
done
# sshd wants a key that only root can read, and a mounted file has the owner and mode that it has outside.
install -o root -g root -m 600 /keys/staging_host_ed25519_key /run/sshd/staging_host_ed25519_key
unset CENTER_SFTP_PASSWORD PROVINCIAL_SFTP_PASSWORD SUPERVISION_SFTP_PASSWORD
exec /usr/sbin/sshd -D -e
