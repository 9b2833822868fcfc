# The Debian and Ubuntu packages that building and testing need; sourced by setup.sh and used by the Dockerfile.
BUILD_PACKAGES=(python3 python3-venv python3-dev gcc libc6-dev libssl-dev ca-certificates)
TEST_PACKAGES=(chromium postgresql redis-server iproute2 nftables coturn ffmpeg nginx-light curl libeatmydata1)
# AES-GCM for SRTP at a third of libcrypto's cost; Debian and Ubuntu have it for this architecture.
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] && BUILD_PACKAGES+=(libipsec-mb-dev)
true
