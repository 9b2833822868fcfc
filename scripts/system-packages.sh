# The Debian and Ubuntu packages that building and testing need; sourced by setup.sh and used by the Dockerfile.
BUILD_PACKAGES=(python3 python3-venv python3-dev gcc libc6-dev libssl-dev ca-certificates fonts-dejavu-core
  fonts-droid-fallback)
TEST_PACKAGES=(postgresql redis-server iproute2 nftables coturn ffmpeg nginx-light curl libeatmydata1 poppler-utils)
# Debian has Chromium without windows too, which takes less of a processor.
if [ "$(. /etc/os-release 2>/dev/null; printf '%s' "${ID:-}")" = debian ]; then
  TEST_PACKAGES+=(chromium-headless-shell)
else
  TEST_PACKAGES+=(chromium)
fi
# AES-GCM for SRTP at a third of libcrypto's cost; Debian and Ubuntu have it for this architecture.
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] && BUILD_PACKAGES+=(libipsec-mb-dev)
true
