"""Cuts a file into wheels, as the packages that carry models do.

usage: make_wheels.py FILE FOLDER NAME VERSION BYTES

Writes NAME1, NAME2, … of BYTES bytes of FILE each into FOLDER and prints one line per wheel: requirement, SHA-256, bytes.
"""

import hashlib
import os
import sys
import zipfile

file, folder, name, version, size = sys.argv[1:]
with open(file, "rb") as source:
    data = source.read()
for index, start in enumerate(range(0, len(data), int(size)), 1):
    part = data[start : start + int(size)]
    package = f"{name.replace('-', '_')}{index}"
    info = f"{package}-{version}.dist-info"
    path = os.path.join(folder, f"{package}-{version}-py3-none-any.whl")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{package}/__init__.py", "")
        wheel.writestr(f"{package}/data/part{index}.bin", part)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}{index}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    with open(path, "rb") as wheel:
        print(f"{name}{index}=={version}", hashlib.sha256(wheel.read()).hexdigest(), len(part))
