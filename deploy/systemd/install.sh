#!/bin/sh
# What `make install` and `make uninstall` do: ./install.sh install WHEEL | uninstall, with PREFIX, DESTDIR and PYTHON in
# the environment. Files of the operator (configuration, key, rules, store) are never written over or removed.
set -eu
umask 022
here=$(dirname "$0")
name=campaign-controller
: "${PREFIX:=/usr/local}" "${DESTDIR:=}" "${PYTHON:=python3}"
case $PREFIX in
/*[!A-Za-z0-9._/-]*) echo "PREFIX=$PREFIX: only letters, digits, dots, dashes and slashes are safe in a unit" >&2 && exit 2 ;;
/*) ;;
*) echo "PREFIX=$PREFIX is not absolute, write one such as /usr/local" >&2 && exit 2 ;;
esac
case $PREFIX in
/usr | /usr/local) systemd=$PREFIX/lib ;; # what systemd itself looks through
*) systemd=/etc ;;
esac
root=$DESTDIR$PREFIX
unit=$DESTDIR$systemd/systemd/system/$name.service
sysusers=$DESTDIR$systemd/sysusers.d/$name.conf
config=$DESTDIR/etc/$name
venv=$root/lib/$name

put() { # a file with PREFIX in place of /usr/local
    mkdir -p "$(dirname "$2")"
    sed "s|/usr/local|$PREFIX|g" "$1" >"$2.new"
    chmod 644 "$2.new"
    mv "$2.new" "$2"
}

make_venv() { # beside the one that runs, and put in its place only when it is whole
    new=$venv.new
    rm -rf "$new"
    mkdir -p "$root/lib"
    "$PYTHON" -m venv "$new"
    pip="$new/bin/python -m pip --disable-pip-version-check --quiet"
    $pip install --no-deps --require-hashes -r "$here/../../requirements.lock"
    $pip install --no-deps --no-index "$1"
    $pip uninstall --yes setuptools pip 2>/dev/null
    # Where it was made is not where it will be.
    find "$new/bin" -type f -exec sed -i "s|$new|$PREFIX/lib/$name|g" {} +
    sed -i "s|$new|$PREFIX/lib/$name|g" "$new/pyvenv.cfg"
    chmod -R go=rX "$new"
    rm -rf "$venv"
    mv "$new" "$venv"
    mkdir -p "$root/bin"
    ln -sfn "../lib/$name/bin/$name" "$root/bin/$name"
}

put_completions() {
    complete=$root/share
    mkdir -p "$complete/bash-completion/completions" "$complete/zsh/site-functions" "$complete/fish/vendor_completions.d"
    "$venv/bin/python" -m controller completion bash >"$complete/bash-completion/completions/$name"
    "$venv/bin/python" -m controller completion zsh >"$complete/zsh/site-functions/_$name"
    "$venv/bin/python" -m controller completion fish >"$complete/fish/vendor_completions.d/$name.fish"
}

put_documents() {
    documents=$root/share/doc/$name
    mkdir -p "$documents"
    (cd "$here/../.." && cp README.md CHANGELOG.md "$documents" && find deploy -name '*.md' -exec cp --parents {} "$documents" \;)
}

put_configuration() { # only where there is none; the sample rules rule nothing before somebody renames them
    mkdir -p "$config/rules"
    [ -e "$config/controller.yaml" ] || put "$here/controller.yaml" "$config/controller.yaml"
    put "$here/../../config/rules/us-renewals.yaml" "$config/rules/us-renewals.yaml.sample"
}

warn_of_hidden_python() {
    at=$("$venv/bin/python" -c 'import sys; print(sys.base_prefix)')
    case $at in
    /home/* | /root/* | /run/user/*) echo "warning: $at is hidden from services (ProtectHome=): install with PYTHON=/usr/bin/python3" >&2 ;;
    esac
}

case ${1:-} in
install)
    make_venv "$2"
    put_completions
    put_documents
    put_configuration
    put "$here/$name.service" "$unit"
    put "$here/$name.sysusers" "$sysusers"
    warn_of_hidden_python
    echo "Installed. Next: deploy/systemd/README.md; after an upgrade: systemctl daemon-reload && systemctl restart $name"
    ;;
uninstall)
    rm -rf "$venv" "$venv.new" "$root/share/doc/$name"
    rm -f "$root/bin/$name" "$unit" "$sysusers" "$root/share/bash-completion/completions/$name" \
        "$root/share/zsh/site-functions/_$name" "$root/share/fish/vendor_completions.d/$name.fish"
    echo "Uninstalled. Left alone: $config, /var/lib/$name, the user $name"
    ;;
*)
    echo "usage: $0 install WHEEL | uninstall" >&2
    exit 2
    ;;
esac
