# The Debian and Ubuntu packages that building and testing need; sourced by setup.sh and used by the Dockerfile.
BUILD_PACKAGES=(python3 python3-venv python3-dev gcc libc6-dev libssl-dev ca-certificates)
TEST_PACKAGES=(chromium postgresql iproute2)
