"""Unpacks from the wheels in sys.argv[1] what a CPU libtorch needs into the folder sys.argv[2]."""

import os
import pathlib
import shutil
import sys
import zipfile

LIBRARIES = {
    "libtorch_cpu.so",
    "libc10.so",
    "libgomp.so.1",
    "libcudart.so.13",
    "libcupti.so.13",
}


def destination(member):
    """The path of a wheel's member inside the libtorch folder, or None if it is not needed."""
    parts = pathlib.PurePosixPath(member).parts
    if parts[:2] == ("torch", "include"):
        return pathlib.Path(*parts[1:])
    if parts[-1] in LIBRARIES and parts[-2:-1] == ("lib",):
        return pathlib.Path("lib", parts[-1])
    return None


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            inside = destination(info.filename)
            if inside is None or info.is_dir():
                continue
            path = folder / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)


wheels, folder = map(pathlib.Path, sys.argv[1:3])
for wheel in sorted(wheels.glob("*.whl")):
    unpack(wheel, folder)
missing = LIBRARIES - set(os.listdir(folder / "lib"))
if missing:
    sys.exit("the wheels lack " + ", ".join(sorted(missing)))
# The wheel's own libtorch.so asks for libtorch_cuda.so, which stays packed.
os.symlink("libtorch_cpu.so", folder / "lib" / "libtorch.so")
