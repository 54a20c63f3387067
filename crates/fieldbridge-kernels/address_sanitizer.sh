#!/bin/sh
# Compiles this crate with the address sanitizer and leaves all others as they are, so that no dependency is built again:
#   RUSTC_WORKSPACE_WRAPPER=$PWD/crates/fieldbridge-kernels/address_sanitizer.sh cargo test --release --lib
case " $* " in
*" --crate-name fieldbridge_kernels "*"--test"*) RUSTC_BOOTSTRAP=1 exec "$@" -Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer ;;
*) exec "$@" ;;
esac
