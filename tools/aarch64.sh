#!/usr/bin/env bash
# Runs `satchel verify` as 64-bit Arm, in an emulator: python3 of Debian 12 for arm64 and the
# aarch64 wheels of numpy and ONNX Runtime, as on a Raspberry Pi.
#
#   tools/aarch64.sh [FOLDER]      where to keep what is fetched; build/aarch64 by default
#
# NUMPY and ONNXRUNTIME choose versions. ONNX Runtime 1.28 and later crash at import in the
# emulator of Debian 12 (qemu 7.2), not in that of Debian 13 (qemu 10.0). Exit 0 done or skipped
# (the reason is printed), anything else a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-build/aarch64}")
numpy=${NUMPY:-2.4.6} onnxruntime=${ONNXRUNTIME:-1.25.1} suite=bookworm python=3.11
emulator=qemu-aarch64-static

skip() { echo "SKIPPED: $1"; exit 0; }
for tool in "$emulator" debootstrap dpkg-deb; do
    command -v "$tool" >/dev/null || skip "$tool is missing: apt-get install qemu-user-static debootstrap"
done
[ "$(id -u)" = 0 ] || skip "debootstrap needs root"

root=$folder/$suite wheels=$folder/wheels-$numpy-$onnxruntime
if [ ! -e "$root/usr/lib/python$python/os.py" ]; then
    rm -rf "$root"
    mkdir -p "$folder"
    # --foreign only fetches and unpacks the essential packages: nothing of arm64 is run. The
    # other packages are unpacked here, without their scripts, which an interpreter does not need.
    debootstrap --foreign --arch=arm64 --variant=minbase --include=python3 "$suite" "$root" \
        >"$folder/debootstrap.log" 2>&1 || skip "Debian's arm64 packages cannot be fetched"
    for package in "$root"/var/cache/apt/archives/*.deb; do
        dpkg-deb -x "$package" "$root"
    done
fi
if [ ! -d "$wheels" ]; then
    platforms=(--platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64)
    platforms+=(--platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64)
    "${PYTHON:-python3}" -m pip download --quiet --no-deps --only-binary=:all: "${platforms[@]}" \
        --python-version "$python" -d "$wheels.part/files" "numpy==$numpy" \
        "onnxruntime==$onnxruntime" || skip "the aarch64 wheels cannot be fetched"
    for wheel in "$wheels.part/files"/*.whl; do
        "${PYTHON:-python3}" -m zipfile -e "$wheel" "$wheels.part"
    done
    mv "$wheels.part" "$wheels"
fi

# An interpreter of its own home and site: nothing of this machine's Python is within its reach.
arm() {
    env -i PATH=/usr/bin HOME=/nonexistent PYTHONHOME=/usr PYTHONPATH="$PWD/runtime:$wheels" \
        PYTHONDONTWRITEBYTECODE=1 "$emulator" -L "$root" "$root/usr/bin/python$python" -s "$@"
}
arm -c 'import platform, struct
assert platform.machine() == "aarch64" and struct.calcsize("P") == 8, platform.machine()
import satchel.bundle.graph, numpy, onnxruntime
print(platform.machine(), platform.python_version(), "numpy", numpy.__version__,
      "onnxruntime", onnxruntime.__version__)'
arm -m satchel verify
arm -m satchel verify tests/runtime/bundles/tiny.linear.onnx
